import { type ReactNode, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { useSession } from "../session";
import type { TextKey } from "../texts/keys";
import { useTexts } from "../texts/texts";
import styles from "./Frame.module.css";
import { Icon, type IconName } from "./Icon";
import { Skeleton } from "./Skeleton";

interface Entry {
  path: string;
  text: TextKey;
  icon: IconName;
  operatorsOnly?: true;
}

const ENTRIES: readonly Entry[] = [
  { path: "/", text: "nav.home", icon: "home" },
  { path: "/watches", text: "nav.watches", icon: "watches" },
  { path: "/deals", text: "nav.deals", icon: "deals" },
  { path: "/messages", text: "nav.messages", icon: "messages" },
  { path: "/operations", text: "nav.operations", icon: "operations", operatorsOnly: true },
  { path: "/settings", text: "nav.settings", icon: "settings" },
];

/** The frame around every page: the menu beside it, or below it where the window is narrow. */
export function Frame({ children }: { children: ReactNode }) {
  const { isOperator } = useSession();
  const entries = ENTRIES.filter((entry) => isOperator || !entry.operatorsOnly);
  return <Framed entries={entries}>{children}</Framed>;
}

/** The frame while it is not known yet who asks, and so what the menu has. */
export function WaitingFrame() {
  return (
    <Framed entries={[]}>
      <Skeleton lines={8} />
    </Framed>
  );
}

function Framed({ entries, children }: { entries: readonly Entry[]; children: ReactNode }) {
  const { t } = useTexts();
  const [location] = useLocation();
  const isOnline = useOnline();
  return (
    <div className={styles.frame}>
      {/* No anchor: by the document's base it would lead to another page. */}
      <button
        type="button"
        className={styles.skip}
        onClick={() => document.getElementById("content")?.focus()}
      >
        {t("app.skip")}
      </button>
      <nav className={styles.menu} aria-label={t("app.menu")}>
        <Link href="/" className={styles.name}>
          Keeper
        </Link>
        <ul>
          {entries.map((entry) => (
            <li key={entry.path}>
              <Link
                href={entry.path}
                aria-current={isWithin(location, entry.path) ? "page" : undefined}
              >
                <Icon name={entry.icon} />
                {t(entry.text)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <main id="content" className={styles.content} tabIndex={-1}>
        {!isOnline && (
          <p className={styles.notice} role="status">
            {t("app.offline")}
          </p>
        )}
        {children}
      </main>
    </div>
  );
}

function isWithin(location: string, path: string): boolean {
  return path === "/" ? location === "/" : location === path || location.startsWith(`${path}/`);
}

function useOnline(): boolean {
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  return isOnline;
}
