import { openTransport } from "./transport.ts";

/**
 * Opens lines on which each question is a sign of life: a scan of an hour asks without an end, and a line that hangs does
 * not ask any more.
 */
export function beatingLine(open: typeof openTransport, beat: () => void): typeof openTransport {
  return async (line, options) => {
    const stream = await open(line, options);
    const write = stream.write.bind(stream);
    // Its own method, so that whatever else a kind of line can do stays as it is.
    stream.write = async (bytes) => {
      await write(bytes);
      beat();
    };
    return stream;
  };
}
