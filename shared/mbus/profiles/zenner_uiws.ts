import type { Profile } from "./profile.ts";

/**
 * Zenner ultrasonic water meters. Their dates of type G say 20yy as the standard has it, while the hundred-year bits of
 * their clock (type F) are 2 in the same telegram: they count centuries from 1800 on. They have no data of their own.
 */
export const zennerUiws: Profile = {
  name: "zenner_uiws",
  meters: [{ manufacturer: "ZRI", version: 0x99, deviceTypeCode: 0x07 }],
  habits: { centuriesFrom1800: true },
  read: () => ({}),
  samples: [
    {
      telegram: "1E44496A2100001099077A01000000046D22484136426C4136041301000000",
      values: {},
      records: {
        "datetime::instantaneous:s0:t0:u0": "2026-06-01T08:34:00",
        "date::instantaneous:s1:t0:u0": "2026-06-01",
        "volume:m3:instantaneous:s0:t0:u0": "0.001",
      },
    },
  ],
};
