import type { RowTelegram } from "../telegram_packs/telegram_rows.ts";

/** A telegram as the API shows it: what came from the wire as hexadecimal, what a third party stated as its JSON. */
export function shownTelegram(telegram: RowTelegram) {
  const { telegramId, meterId, gateway, epoch, seq, position, kind, bus, address, bytes, rssi, flags } = telegram;
  return {
    id: String(telegramId),
    meter: meterId === null ? null : String(meterId),
    gateway,
    epoch,
    seq,
    position,
    bus,
    address,
    readAt: time(telegram.readAt),
    clock: telegram.clockTrusted ? "trusted" : "untrusted",
    correctedReadAt: telegram.correctedReadAt === null ? null : time(telegram.correctedReadAt),
    receivedAt: time(telegram.receivedAt),
    kind,
    bytes: kind === "frame" ? bytes.toHex() : new TextDecoder().decode(bytes),
    rssi,
    flags: flags === null ? [] : JSON.parse(flags),
    decoderVersion: telegram.decoderVersion,
    decodeError: telegram.decodeError,
  };
}

function time(microseconds: number): Date {
  return new Date(microseconds / 1000);
}
