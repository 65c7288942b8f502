import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Catalogue, TextKey } from "./en";

export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Values = Record<string, string | number>;

interface Texts {
  language: Language;
  choose: (language: Language) => void;
  t: (key: TextKey, values?: Values) => string;
}

const KEPT_AS = "keeper.language";
const CATALOGUES: Record<Language, () => Promise<Catalogue>> = {
  en: async () => (await import("./en")).en,
  de: async () => (await import("./de")).de,
};
const Context = createContext<Texts | null>(null);

/** Give everything below the words of the reader's language; nothing is drawn before they are there. */
export function TextsProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState<Language>(preferred);
  const [catalogue, setCatalogue] = useState<Catalogue | null>(null);

  useEffect(() => {
    let wanted = true;
    CATALOGUES[language]().then((read) => {
      if (wanted) setCatalogue(read);
    });
    document.documentElement.lang = language;
    localStorage.setItem(KEPT_AS, language);
    return () => {
      wanted = false;
    };
  }, [language]);

  const texts = useMemo<Texts | null>(
    () =>
      catalogue && {
        language,
        choose,
        t: (key, values) => fill(catalogue[key], values),
      },
    [catalogue, language],
  );
  return texts && <Context value={texts}>{children}</Context>;
}

/** Return the reader's language, how to change it, and what says something in it. */
export function useTexts(): Texts {
  const texts = useContext(Context);
  if (texts === null) throw new Error("no TextsProvider above");
  return texts;
}

/** Put values in the place of `{name}`. */
export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

function preferred(): Language {
  const asked = [localStorage.getItem(KEPT_AS), ...navigator.languages];
  for (const one of asked) {
    const found = LANGUAGES.find((language) => one?.toLowerCase().startsWith(language));
    if (found) return found;
  }
  return "en";
}
