/** What Linux knows of a process. */
export interface ProcessFigures {
  /** Resident, shared pages included. */
  residentMiB: number;
  /** Proportional: a page shared by n processes counts for one n-th. */
  proportionalMiB: number;
  /** Processor time so far, in seconds. */
  cpuSeconds: number;
}

const TICKS_A_SECOND = 100; // USER_HZ of every Linux of today

/** Reads /proc. */
export function processFigures(pid: number): ProcessFigures {
  const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1]) / 1024;
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
  return { residentMiB: mebibytes("Rss"), proportionalMiB: mebibytes("Pss"), cpuSeconds };
}
