import type { work as en } from "../en/work";
import { deals } from "./deals";
import { discovery } from "./discovery";
import { messages } from "./messages";
import { operations } from "./operations";
import { settings } from "./settings";
import { shared } from "./shared";

/** The words in German of deals, messages, operations and settings, loaded with them. */
export const work: Record<keyof typeof en, string> = {
  ...deals,
  ...discovery,
  ...messages,
  ...operations,
  ...settings,
  ...shared,
};
