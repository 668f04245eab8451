/** A line that tells how far a long command is. */
export interface ProgressLine {
  show(done: number, total: number | null, what: string): void;
  /** Takes the line away, so that another can be written in its place. */
  clear(): void;
  /** Leaves the line, so that what follows begins on one of its own. */
  end(): void;
}

const WIDTH = 30;

/** A bar on standard error where that is a terminal; nothing elsewhere. */
export function progressLine(
  { isTerminal = Deno.stderr.isTerminal(), write = writeError }: {
    isTerminal?: boolean;
    write?: (text: string) => void;
  } = {},
): ProgressLine {
  if (!isTerminal) return { show: () => {}, clear: () => {}, end: () => {} };
  let shown = false;
  return {
    show(done, total, what) {
      write(`\r${total === null ? String(done) : bar(done, total)}  ${what}\x1b[K`);
      shown = true;
    },
    clear() {
      if (shown) write("\r\x1b[K");
      shown = false;
    },
    end() {
      if (shown) write("\n");
    },
  };
}

function bar(done: number, total: number): string {
  const part = total === 0 ? 1 : Math.min(1, done / total);
  const filled = "█".repeat(Math.round(part * WIDTH)).padEnd(WIDTH, "░");
  return `${filled} ${Math.floor(part * 100)} %  ${done} of ${total}`;
}

function writeError(text: string) {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
