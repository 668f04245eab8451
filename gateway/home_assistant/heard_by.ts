import type { Spool, TakenReadout } from "../spool.ts";

/** A spool whose readouts somebody hears of once they are taken. */
export function heardBy(listener: { took(readout: TakenReadout): void }, spool: Spool): Pick<Spool, "put"> {
  return {
    put(...readouts) {
      const seqs = spool.put(...readouts);
      for (const readout of readouts) listener.took(readout);
      return seqs;
    },
  };
}
