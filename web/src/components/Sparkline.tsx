import { sparkPath } from "../chart/sparkPath";
import type { Steps } from "../chart/steps";
import styles from "./Sparkline.module.css";

const SMALL = { width: 96, height: 28 };
const LARGE = { width: 320, height: 72 };
/** Half a line's width must fit above the highest and below the lowest. */
const EDGE = 2;

interface Props {
  /** None while it is read, or if nothing is stored. */
  series: Steps | undefined;
  /** Between which seconds. */
  from: number;
  to: number;
  isLarge?: boolean;
}

/** A price's last weeks as small steps. Figures beside it say what counts: it is a picture only. */
export function Sparkline({ series, from, to, isLarge = false }: Props) {
  const { width, height } = isLarge ? LARGE : SMALL;
  const box = { width, height: height - 2 * EDGE };
  return (
    <svg
      className={styles.line}
      width={width}
      height={height}
      viewBox={`0 ${-EDGE} ${width} ${height}`}
      aria-hidden="true"
    >
      {series && <path d={sparkPath(series, from, to, box)} />}
    </svg>
  );
}
