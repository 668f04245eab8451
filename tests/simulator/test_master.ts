/** A master's side of the line for tests, written out by hand: requests as bytes, answers as bytes. */
export class TestMaster implements Disposable {
  #left: number[] = [];
  private constructor(private readonly connection: Deno.TcpConn) {}

  static async connect(port: number): Promise<TestMaster> {
    return new TestMaster(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends a short frame and returns the answer (E5 or a long frame), hexadecimal. */
  async short(control: number, address: number): Promise<string | null> {
    return await this.ask(shortFrame(control, address));
  }

  /** Sends a request and one to the meter at address 2 behind it: true when only the second is answered. */
  async isSilent(request: number[]): Promise<boolean> {
    await this.send(request);
    const probe = await this.ask(shortFrame(0x5b, 2));
    return probe?.slice(8, 12) === "0802";
  }

  /** SND_UD to 253 with CI 52: selects by secondary address (identification as printed, rest in wire order). */
  async select(identification: string, rest = "ffffffff"): Promise<string | null> {
    return await this.ask(selection(identification, rest));
  }
  /** Sends bytes as they are, then waits for an answer. */
  async ask(bytes: number[]): Promise<string | null> {
    await this.connection.write(Uint8Array.from(bytes));
    return await this.answer();
  }

  async send(bytes: number[]) {
    await this.connection.write(Uint8Array.from(bytes));
  }

  /** The next answer, or null when none came within `ms`: far more than a busy machine takes. */
  async answer(ms = 10_000): Promise<string | null> {
    const timer = Promise.withResolvers<null>();
    const id = setTimeout(() => timer.resolve(null), ms);
    try {
      for (;;) {
        const length = this.#left[0] === 0x68 ? (this.#left[1] ?? 1000) + 6 : 1;
        if (this.#left.length >= length) return Uint8Array.from(this.#left.splice(0, length)).toHex();
        this.#reading ??= this.#read();
        const count = await Promise.race([this.#reading, timer.promise]);
        if (count === null) return null;
        this.#reading = undefined;
      }
    } finally {
      clearTimeout(id);
    }
  }

  #reading: Promise<number | null> | undefined;

  async #read(): Promise<number | null> {
    const buffer = new Uint8Array(512);
    const count = await this.connection.read(buffer).catch(() => null);
    this.#left.push(...buffer.subarray(0, count ?? 0));
    return count;
  }

  [Symbol.dispose]() {
    this.connection.close();
  }
}

/** 10 C A checksum 16. */
export function shortFrame(control: number, address: number): number[] {
  return [0x10, control, address, (control + address) & 0xff, 0x16];
}

/** SND_UD to 253 with CI 52. */
export function selection(identification: string, rest = "ffffffff"): number[] {
  const body = [0x53, 0xfd, 0x52, ...Uint8Array.fromHex(identification).reverse(), ...Uint8Array.fromHex(rest)];
  const checksum = body.reduce((sum, byte) => (sum + byte) & 0xff, 0);
  return [0x68, body.length, body.length, 0x68, ...body, checksum, 0x16];
}
