import {
  type ComponentType,
  createContext,
  type ReactNode,
  use,
  useContext,
  useEffect,
  useMemo,
  useState,
} from "react";
import type { TextKey } from "./keys";

export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Values = Record<string, string | number>;

interface Texts {
  language: Language;
  choose: (language: Language) => void;
  t: (key: TextKey, values?: Values) => string;
}

const KEPT_AS = "keeper.language";
type Part = "base" | "lists" | "rules" | "work";
type Words = Partial<Record<TextKey, string>>;

const PARTS: Record<Language, Record<Part, () => Promise<Words>>> = {
  en: {
    base: async () => (await import("./en/base")).base,
    lists: async () => (await import("./en/lists")).lists,
    rules: async () => (await import("./en/rules")).rules,
    work: async () => (await import("./en/work")).work,
  },
  de: {
    base: async () => (await import("./de/base")).base,
    lists: async () => (await import("./de/lists")).lists,
    rules: async () => (await import("./de/rules")).rules,
    work: async () => (await import("./de/work")).work,
  },
};
const known: Record<Language, Words> = { en: {}, de: {} };
const asked = new Map<string, Promise<void>>();
const Context = createContext<Texts | null>(null);

/** Give what is below the words of the reader's language; nothing is drawn before they are there. */
export function TextsProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState<Language>(preferred);
  const [read, setRead] = useState<Language | null>(null);

  useEffect(() => {
    let wanted = true;
    load(language, "base").then(() => {
      if (wanted) setRead(language);
    });
    document.documentElement.lang = language;
    localStorage.setItem(KEPT_AS, language);
    return () => {
      wanted = false;
    };
  }, [language]);

  const texts = useMemo<Texts | null>(
    () =>
      read && {
        language: read,
        choose,
        t: (key, values) => fill(known[read][key] ?? key, values),
      },
    [read],
  );
  return texts && <Context value={texts}>{children}</Context>;
}

/** Return the reader's language, how to change it, and what says something in it. */
export function useTexts(): Texts {
  const texts = useContext(Context);
  if (texts === null) throw new Error("no TextsProvider above");
  return texts;
}

/** Return a component that is drawn once the words of these parts of the pages are there. */
export function withTexts<Props extends object>(
  parts: readonly Part[],
  Worded: ComponentType<Props>,
) {
  return function WithTexts(props: Props) {
    const { language } = useTexts();
    for (const part of parts) use(load(language, part));
    return <Worded {...props} />;
  };
}

function load(language: Language, part: Part): Promise<void> {
  const name = `${language} ${part}`;
  let loading = asked.get(name);
  if (loading === undefined) {
    loading = PARTS[language][part]().then((words) => {
      Object.assign(known[language], words);
    });
    // What could not be fetched is asked for again by whoever needs it next.
    loading.catch(() => asked.delete(name));
    asked.set(name, loading);
  }
  return loading;
}

/** Put values in the place of `{name}`. */
export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

function preferred(): Language {
  const wanted = [localStorage.getItem(KEPT_AS), ...navigator.languages];
  for (const one of wanted) {
    const found = LANGUAGES.find((language) => one?.toLowerCase().startsWith(language));
    if (found) return found;
  }
  return "en";
}
