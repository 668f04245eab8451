import { assertEquals } from "@std/assert";
import { type TelnetCommand, telnetCommand, telnetData, TelnetReader } from "../../gateway/telnet.ts";

function read(...pieces: string[]): { data: string; commands: TelnetCommand[] } {
  const reader = new TelnetReader();
  const commands: TelnetCommand[] = [];
  const data = pieces.map((hex) => reader.push(Uint8Array.fromHex(hex), (command) => commands.push(command)).toHex());
  return { data: data.join(""), commands };
}

Deno.test("TelnetReader takes commands out of the data, in order", () => {
  assertEquals(read("0102fffb2c03fffd00fff104fffc01fffe03"), {
    data: "01020304",
    commands: [
      { type: "will", option: 44 },
      { type: "do", option: 0 },
      { type: "wont", option: 1 },
      { type: "dont", option: 3 },
    ],
  });
});

Deno.test("TelnetReader reads a doubled 255 as one, in data and in a subnegotiation", () => {
  assertEquals(read("68ffff16fffa2c65ffff000102fff0e5"), {
    data: "68ff16e5",
    commands: [{ type: "subnegotiation", option: 44, data: new Uint8Array([0x65, 0xff, 0, 1, 2]) }],
  });
});

Deno.test("TelnetReader takes a stream in any pieces", () => {
  const whole = "68ffff16fffa2c65ffff000102fff0e5fffd2c";
  const bytes = whole.match(/../g) ?? [];
  assertEquals(read(...bytes), read(whole));
});

Deno.test("TelnetReader keeps no endless subnegotiation", () => {
  const [command] = read("fffa2c" + "00".repeat(100_000) + "fff0").commands;
  assertEquals(command?.type === "subnegotiation" && command.data.length, 1023);
});

Deno.test("what telnetData() and telnetCommand() write, TelnetReader reads", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assertEquals(read(telnetData(all).toHex()).data, all.toHex());
  const commands: TelnetCommand[] = [
    { type: "subnegotiation", option: 44, data: all },
    { type: "will", option: 44 },
    { type: "dont", option: 1 },
  ];
  assertEquals(read(...commands.map((command) => telnetCommand(command).toHex())), { data: "", commands });
});
