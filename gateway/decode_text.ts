import { annotateFrame, type DataRecord, statusText, type Telegram } from "@mbus-gateway/mbus";

/** A telegram as a table that a person reads. */
export function telegramTable(telegram: Telegram): string {
  const rows = telegram.records.map(rowOf);
  const lines = [headline(telegram), ...alignColumns([HEAD, ...rows])];
  if (telegram.manufacturerData !== null) lines.push(`manufacturer data: ${telegram.manufacturerData || "(none)"}`);
  if (telegram.moreRecordsFollow) lines.push("More records follow in another telegram.");
  if (telegram.profile !== null) lines.push(...profileLines(telegram));
  return lines.join("\n") + "\n";
}

/** What the meter's profile reads from its maker's own data. */
function profileLines({ profile, values }: Telegram): string[] {
  const rows = Object.entries(values).map(([name, { value, unit }]) => [name, value ?? "-", unit]);
  const table = rows.length === 0 ? [] : alignColumns([["name", "value", "unit"], ...rows]);
  return [`profile ${profile}`, ...table];
}

/** Every byte with its meaning, one group a line; what went wrong comes last. */
export function annotatedBytes(frame: Uint8Array, telegram: Telegram | null, error: string | null): string {
  const rows = annotateFrame(frame, telegram).map(({ offset, hex, meaning }) => [
    String(offset).padStart(4),
    (hex.match(/../g) ?? []).join(" "),
    meaning,
  ]);
  const lines = alignColumns(rows, 48);
  if (error !== null) lines.push(error);
  return lines.join("\n") + "\n";
}

const HEAD = ["quantity", "value", "unit", "function", "storage", "tariff", "subunit", "modifiers", "DIB VIB", "error"];

function rowOf(record: DataRecord): string[] {
  const { quantity, value, unit, kind, storageNumber, tariff, subunit, modifiers, dib, vib, error } = record;
  return [
    quantity,
    value ?? (kind === "none" ? "" : "-"),
    unit,
    record.function,
    String(storageNumber),
    String(tariff),
    String(subunit),
    modifiers.join(","),
    `${dib} ${vib}`,
    error ?? "",
  ];
}

function headline(telegram: Telegram): string {
  const { manufacturer, identification, deviceType, version, accessNumber, status, address, ci, link } = telegram;
  const { encryption } = telegram;
  const parts = [`${link} telegram, CI ${ci}`];
  if (address !== null) parts.push(`address ${address}`);
  if (manufacturer !== null) parts.push(`manufacturer ${manufacturer}`);
  if (identification !== null) parts.push(`identification ${identification}`);
  if (deviceType !== null) parts.push(deviceType);
  if (version !== null) parts.push(`version ${version}`);
  if (accessNumber !== null) parts.push(`access number ${accessNumber}`);
  if (status !== null) parts.push(`status: ${statusText(status)}`);
  if (encryption !== null) parts.push(`decrypted (${encryption})`);
  return parts.join(", ");
}

/** Columns as wide as their longest cell, at most `widest`; columns without any content but a heading are left out. */
function alignColumns(rows: string[][], widest = 60): string[] {
  const used = (rows[0] ?? []).map((_, column) => rows.some((row, place) => place > 0 && row[column] !== ""));
  const shown = rows.map((row) => row.filter((_, column) => used[column] || rows.length === 1));
  const widths = (shown[0] ?? []).map((_, column) =>
    Math.min(widest, Math.max(...shown.map((row) => (row[column] ?? "").length)))
  );
  return shown.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
}
