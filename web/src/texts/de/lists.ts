import type { lists as en } from "../en/lists";
import { home } from "./home";
import { watches } from "./watches";

/** The words in German of home and the watch list. */
export const lists: Record<keyof typeof en, string> = { ...home, ...watches };
