/** Where the book is kept when nobody says where: it is kept always. */
export const USUAL_LEDGER = "data/simulator/ledger.ndjson";
