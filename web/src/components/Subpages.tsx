import { useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import styles from "./Subpages.module.css";

interface Props {
  label: string;
  pages: readonly (readonly [path: string, text: string])[];
}

/** The parts of a page that is several: a row of links. The first is the page itself. */
export function Subpages({ label, pages }: Props) {
  const [location] = useLocation();
  const row = useRef<HTMLElement>(null);
  const own = pages[0]?.[0];
  const isShown = (path: string) =>
    location === path || (path !== own && location.startsWith(`${path}/`));
  // Where the row is wider than the window, the page one is on is in sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is another place
  useEffect(() => {
    const here = row.current?.querySelector("[aria-current]");
    here?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [location]);
  return (
    <nav ref={row} className={styles.row} aria-label={label}>
      <ul>
        {pages.map(([path, text]) => (
          <li key={path}>
            <Link href={path} aria-current={isShown(path) ? "page" : undefined}>
              {text}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
