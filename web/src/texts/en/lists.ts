import { home } from "./home";
import { watches } from "./watches";

/** The words in English of home and the watch list. */
export const lists = { ...home, ...watches };
