import { deals } from "./deals";
import { discovery } from "./discovery";
import { messages } from "./messages";
import { operations } from "./operations";
import { settings } from "./settings";
import { shared } from "./shared";

/** The words in English of deals, messages, operations and settings, loaded with them. */
export const work = {
  ...deals,
  ...discovery,
  ...messages,
  ...operations,
  ...settings,
  ...shared,
};
