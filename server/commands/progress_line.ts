/** A line that tells how far a long command is. */
export interface ProgressLine {
  show(done: number, total: number, what: string): void;
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
  if (!isTerminal) return { show: () => {}, end: () => {} };
  let shown = false;
  return {
    show(done, total, what) {
      const part = total === 0 ? 1 : Math.min(1, done / total);
      const bar = "█".repeat(Math.round(part * WIDTH)).padEnd(WIDTH, "░");
      write(`\r${bar} ${Math.floor(part * 100)} %  ${done} of ${total}  ${what}\x1b[K`);
      shown = true;
    },
    end() {
      if (shown) write("\n");
    },
  };
}

function writeError(text: string) {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
