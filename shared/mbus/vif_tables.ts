/**
 * How a value's data is to be read: `signed` (type B, the default), `unsigned` (types C and D: numbers and flag words
 * that are never negative), `time` (types F, G, I, J, M by the length of the data), `bytes`, or as a type that is not
 * built in: `daylight_saving` (type K) and `listening_window` (type L).
 */
export type DataType = "signed" | "unsigned" | "time" | "bytes" | "daylight_saving" | "listening_window";

/**
 * One row of a VIF table, in the standard's own bit pattern: pattern, quantity, unit, power of ten for n = 0, data type.
 * Letters: n adds to the power of ten; t chooses s, min, h or d; p chooses h, d, month or year; q chooses month or year.
 */
export type VifRow = readonly [
  pattern: string,
  quantity: string,
  unit: string,
  exponent: number,
  type?: DataType,
];

/** Primary VIF codes (EN 13757-3, table "Primary VIF-codes"). 7B, 7D (extensions) and 7C (plain text) are no rows. */
export const PRIMARY_VIFS: readonly VifRow[] = [
  ["E000 0nnn", "energy", "Wh", -3],
  ["E000 1nnn", "energy", "J", 0],
  ["E001 0nnn", "volume", "m3", -6],
  ["E001 1nnn", "mass", "kg", -3],
  ["E010 00tt", "on_time", "", 0],
  ["E010 01tt", "operating_time", "", 0],
  ["E010 1nnn", "power", "W", -3],
  ["E011 0nnn", "power", "J/h", 0],
  ["E011 1nnn", "volume_flow", "m3/h", -6],
  ["E100 0nnn", "volume_flow", "m3/min", -7],
  ["E100 1nnn", "volume_flow", "m3/s", -9],
  ["E101 0nnn", "mass_flow", "kg/h", -3],
  ["E101 10nn", "flow_temperature", "°C", -3],
  ["E101 11nn", "return_temperature", "°C", -3],
  ["E110 00nn", "temperature_difference", "K", -3],
  ["E110 01nn", "external_temperature", "°C", -3],
  ["E110 10nn", "pressure", "bar", -3],
  ["E110 1100", "date", "", 0, "time"],
  ["E110 1101", "datetime", "", 0, "time"],
  ["E110 1110", "heat_cost_allocation", "HCA", 0],
  ["E111 00tt", "averaging_duration", "", 0],
  ["E111 01tt", "actuality_duration", "", 0],
  ["E111 1000", "fabrication_number", "", 0, "unsigned"],
  ["E111 1001", "enhanced_identification", "", 0, "unsigned"],
  ["E111 1010", "bus_address", "", 0, "unsigned"],
  ["E111 1110", "any", "", 0],
];

/** Codes behind FB (EN 13757-3, table "Alternate extended VIF-code"; rows of older editions are marked). */
export const FB_VIFS: readonly VifRow[] = [
  ["E000 000n", "energy", "MWh", -1],
  ["E000 001n", "reactive_energy", "kvarh", 0],
  ["E000 010n", "apparent_energy", "kVAh", 0],
  ["E000 100n", "energy", "GJ", -1],
  ["E000 11nn", "energy", "Mcal", -1],
  ["E001 000n", "volume", "m3", 2],
  ["E001 01nn", "reactive_power", "kvar", -3],
  ["E001 100n", "mass", "t", 2, "unsigned"],
  ["E001 101n", "relative_humidity", "%", -1, "unsigned"],
  ["E010 0000", "volume", "ft3", 0],
  ["E010 0001", "volume", "ft3", -1],
  ["E010 001n", "volume", "USgal", -1], // older editions
  ["E010 0100", "volume_flow", "USgal/min", -3], // older editions
  ["E010 0101", "volume_flow", "USgal/min", 0], // older editions
  ["E010 0110", "volume_flow", "USgal/h", 0], // older editions
  ["E010 100n", "power", "MW", -1],
  ["E010 1010", "phase_angle_voltage_to_voltage", "°", -1],
  ["E010 1011", "phase_angle_voltage_to_current", "°", -1],
  ["E010 11nn", "frequency", "Hz", -3],
  ["E011 000n", "power", "GJ/h", -1],
  ["E011 01nn", "apparent_power", "kVA", -3],
  ["E101 10nn", "flow_temperature", "°F", -3], // older editions
  ["E101 11nn", "return_temperature", "°F", -3], // older editions
  ["E110 00nn", "temperature_difference", "°F", -3], // older editions
  ["E110 01nn", "external_temperature", "°F", -3], // older editions
  ["E110 1000", "rating_factor", "1/4096", 0, "unsigned"],
  ["E110 1001", "rating_factor_thermal_output", "", 0, "unsigned"],
  ["E110 1010", "rating_factor_thermal_coupling", "1/4096", 0, "unsigned"],
  ["E110 1011", "rating_factor_thermal_coupling_room", "1/4096", 0, "unsigned"],
  ["E110 1100", "rating_factor_thermal_coupling_heater", "1/4096", 0, "unsigned"],
  ["E110 1101", "rating_factor_low_temperature", "1/4096", 0, "unsigned"],
  ["E110 1110", "rating_factor_display", "1/4096", 0, "unsigned"],
  ["E111 00nn", "temperature_limit", "°F", -3], // older editions
  ["E111 01nn", "temperature_limit", "°C", -3],
  ["E111 1nnn", "cumulated_maximum_power", "W", -3],
];

/** Codes behind FD (EN 13757-3, table "Main VIF-code extension"). */
export const FD_VIFS: readonly VifRow[] = [
  ["E000 00nn", "credit", "currency", -3],
  ["E000 01nn", "debit", "currency", -3],
  ["E000 1000", "unique_message_identification", "", 0, "unsigned"],
  ["E000 1001", "device_type", "", 0, "unsigned"],
  ["E000 1010", "manufacturer", "", 0, "unsigned"],
  ["E000 1011", "parameter_set_identification", "", 0, "unsigned"],
  ["E000 1100", "model_version", "", 0, "unsigned"],
  ["E000 1101", "hardware_version", "", 0, "unsigned"],
  ["E000 1110", "firmware_version", "", 0, "unsigned"],
  ["E000 1111", "software_version", "", 0, "unsigned"],
  ["E001 0000", "customer_location", "", 0, "unsigned"],
  ["E001 0001", "customer", "", 0, "unsigned"],
  ["E001 0010", "access_code_user", "", 0, "unsigned"],
  ["E001 0011", "access_code_operator", "", 0, "unsigned"],
  ["E001 0100", "access_code_system_operator", "", 0, "unsigned"],
  ["E001 0101", "access_code_developer", "", 0, "unsigned"],
  ["E001 0110", "password", "", 0, "unsigned"],
  ["E001 0111", "error_flags", "", 0, "unsigned"],
  ["E001 1000", "error_mask", "", 0, "unsigned"],
  ["E001 1001", "security_key", "", 0, "unsigned"],
  ["E001 1010", "digital_output", "", 0, "unsigned"],
  ["E001 1011", "digital_input", "", 0, "unsigned"],
  ["E001 1100", "baud_rate", "Bd", 0, "unsigned"],
  ["E001 1101", "response_delay_time", "bit times", 0, "unsigned"],
  ["E001 1110", "retry", "", 0, "unsigned"],
  ["E001 1111", "remote_control", "", 0, "unsigned"],
  ["E010 0000", "first_storage_number", "", 0, "unsigned"],
  ["E010 0001", "last_storage_number", "", 0, "unsigned"],
  ["E010 0010", "storage_block_size", "", 0, "unsigned"],
  ["E010 0011", "tariff_subunit_descriptor", "", 0, "unsigned"],
  ["E010 01tt", "storage_interval", "", 0],
  ["E010 100q", "storage_interval", "", 0],
  ["E010 1010", "operator_specific_data", "", 0, "unsigned"],
  ["E010 1011", "time_point_second", "s", 0, "unsigned"],
  ["E010 11tt", "duration_since_readout", "", 0, "unsigned"],
  ["E011 0000", "tariff_start", "", 0, "time"],
  ["E011 0001", "tariff_duration", "min", 0],
  ["E011 0010", "tariff_duration", "h", 0],
  ["E011 0011", "tariff_duration", "d", 0],
  ["E011 01tt", "tariff_period", "", 0],
  ["E011 100q", "tariff_period", "", 0],
  ["E011 1010", "dimensionless", "", 0],
  ["E011 1011", "wireless_container", "", 0, "bytes"],
  ["E011 11tt", "transmission_period", "", 0, "unsigned"],
  ["E100 nnnn", "voltage", "V", -9],
  ["E101 nnnn", "current", "A", -12],
  ["E110 0000", "reset_counter", "", 0, "unsigned"],
  ["E110 0001", "cumulation_counter", "", 0, "unsigned"],
  ["E110 0010", "control_signal", "", 0, "unsigned"],
  ["E110 0011", "day_of_week", "", 0, "unsigned"],
  ["E110 0100", "week_number", "", 0, "unsigned"],
  ["E110 0101", "day_change", "", 0, "time"],
  ["E110 0110", "parameter_activation_state", "", 0, "unsigned"],
  ["E110 0111", "special_supplier_information", "", 0, "unsigned"],
  ["E110 10pp", "duration_since_cumulation", "", 0],
  ["E110 11pp", "battery_operating_time", "", 0],
  ["E111 0000", "battery_change", "", 0, "time"],
  ["E111 0001", "rf_level", "dBm", 0],
  ["E111 0010", "daylight_saving", "", 0, "daylight_saving"],
  ["E111 0011", "listening_window", "", 0, "listening_window"],
  ["E111 0100", "remaining_battery_lifetime", "d", 0, "unsigned"],
  ["E111 0101", "meter_stop_count", "", 0, "unsigned"],
  ["E111 0110", "manufacturer_container", "", 0, "bytes"],
];

/** Codes behind FD FD (EN 13757-3:2018, "Main VIF-code extension, second level"). */
export const FD_FD_VIFS: readonly VifRow[] = [
  ["E000 0000", "selected_application", "", 0, "unsigned"],
  ["E000 001q", "remaining_battery_lifetime", "", 0],
];

/** What the letters t, p and q of a pattern choose from. */
export const TIME_UNITS = {
  t: ["s", "min", "h", "d"],
  p: ["h", "d", "month", "year"],
  q: ["month", "year"],
} as const;
