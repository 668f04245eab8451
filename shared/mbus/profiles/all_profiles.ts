import { abbElectricity } from "./abb_electricity.ts";
import { bMetersHydrodigit } from "./b_meters_hydrodigit.ts";
import { diehlIzar } from "./diehl_izar.ts";
import { kamstrupHeat } from "./kamstrup_heat.ts";
import { kamstrupWater } from "./kamstrup_water.ts";
import type { Profile } from "./profile.ts";
import { techemMkRadio } from "./techem_mk_radio.ts";
import { zenner0b } from "./zenner_0b.ts";
import { zennerUiws } from "./zenner_uiws.ts";

/** Every profile; a new one is a file and a line here. */
export const PROFILES: readonly Profile[] = [
  abbElectricity,
  bMetersHydrodigit,
  diehlIzar,
  kamstrupHeat,
  kamstrupWater,
  techemMkRadio,
  zenner0b,
  zennerUiws,
];
