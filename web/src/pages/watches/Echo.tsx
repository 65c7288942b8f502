import { siteOf } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Add.module.css";
import type { PastedLine } from "./addresses";

interface Props {
  lines: readonly PastedLine[];
  problemOf: (line: PastedLine) => string | null;
  own: ReadonlyMap<string, string>;
  common: string;
  onOwn: (line: PastedLine, amount: string) => void;
}

/** What was read of each line; with several, each with a target of its own if it is to have one. */
export function Echo({ lines, problemOf, own, common, onOwn }: Props) {
  const { t } = useTexts();
  const known = lines.filter((line) => line.read !== null || problemOf(line) !== null);
  if (known.length === 0) return null;
  // What is wrong with a single line stands beneath its field.
  if (lines.length === 1 && problemOf(lines[0] as PastedLine) !== null) return null;
  return (
    <ol className={styles.echo} aria-label={t("add.echo")}>
      {known.map((line) => (
        <li key={line.text}>
          <Read line={line} problem={problemOf(line)} />
          {lines.length > 1 && line.read?.asin && (
            <input
              className={styles.own}
              aria-label={t("add.own", { asin: line.read.asin })}
              placeholder={common || t("watches.noTarget")}
              inputMode="decimal"
              autoComplete="off"
              value={own.get(line.text) ?? ""}
              onChange={(event) => onOwn(line, event.target.value)}
            />
          )}
        </li>
      ))}
    </ol>
  );
}

function Read({ line: { text, read }, problem }: { line: PastedLine; problem: string | null }) {
  const { t } = useTexts();
  const asin = read?.asin;
  return (
    <span className={styles.read}>
      {asin && read.domain && (
        <span>
          <span className="good" aria-hidden="true">
            ✓{" "}
          </span>
          {t(read.is_locale_assumed ? "add.assumed" : "add.read", {
            asin,
            site: siteOf(read.domain),
          })}
        </span>
      )}
      {!asin && <span className={styles.pasted}>{text}</span>}
      {read?.note && <span className="secondary">{read.note}</span>}
      {problem && <span className="bad">✕ {problem}</span>}
    </span>
  );
}
