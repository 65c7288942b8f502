import { colourOf, dashOf, type Overlay } from "../../chart/series";
import { Button } from "../../components/Button";
import type { TextKey } from "../../texts/keys";
import { useTexts } from "../../texts/texts";
import styles from "./History.module.css";
import { keyOf, type SeriesName } from "./useChartSeries";

export type LineName = "lowest" | "average";

interface Props {
  names: readonly SeriesName[];
  /** The keys of those that are drawn; the first always is. */
  shown: readonly string[];
  onToggle: (key: string) => void;
  lines: readonly LineName[];
  onLine: (line: LineName) => void;
  overlay: Overlay;
  hasGaps: boolean;
  /** Null while the whole range is shown. */
  onReset: (() => void) | null;
}

const SIGNS: readonly [keyof Pick<Overlay, "alerts" | "tried" | "unconfirmed">, string, string][] =
  [
    ["alerts", "◆", "good"],
    ["tried", "◇", ""],
    ["unconfirmed", "○", "warn"],
  ];
const LINES: readonly [LineName, TextKey][] = [
  ["lowest", "product.lowestLine"],
  ["average", "product.averageLine"],
];

/** What is drawn and can be drawn too, and what the marks mean that are there. */
export function Legend({
  names,
  shown,
  onToggle,
  lines,
  onLine,
  overlay,
  hasGaps,
  onReset,
}: Props) {
  const { t } = useTexts();
  return (
    <div className={styles.legend}>
      <fieldset className={styles.keys}>
        <legend className="unseen">{t("product.series")}</legend>
        {names.map((name, place) => (
          <button
            key={keyOf(name)}
            type="button"
            aria-pressed={shown.includes(keyOf(name))}
            disabled={place === 0}
            onClick={() => onToggle(keyOf(name))}
          >
            <Swatch look={name.look} />
            {name.label}
          </button>
        ))}
        {LINES.map(([line, text]) => (
          <button
            key={line}
            type="button"
            aria-pressed={lines.includes(line)}
            onClick={() => onLine(line)}
          >
            {t(text)}
          </button>
        ))}
        {onReset && <Button onClick={onReset}>{t("chart.zoomed")}</Button>}
      </fieldset>
      <ul className={`secondary ${styles.signs}`}>
        {SIGNS.filter(([kind]) => overlay[kind].length > 0).map(([kind, sign, look]) => (
          <li key={kind}>
            <span aria-hidden="true" className={look}>
              {sign}
            </span>{" "}
            {t(`chart.key.${kind}`)}
          </li>
        ))}
        {hasGaps && (
          <li>
            <span aria-hidden="true">╱╱</span> {t("chart.key.gap")}
          </li>
        )}
      </ul>
    </div>
  );
}

function Swatch({ look }: { look: number }) {
  return (
    <svg width="24" height="4" aria-hidden="true">
      <line
        x1="0"
        x2="24"
        y1="2"
        y2="2"
        strokeWidth="2"
        stroke={`var(${colourOf(look)})`}
        strokeDasharray={dashOf(look).join(" ")}
      />
    </svg>
  );
}
