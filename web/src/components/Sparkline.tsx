import { sparkPath } from "../chart/sparkPath";
import type { Steps } from "../chart/steps";
import styles from "./Sparkline.module.css";

const WIDTH = 96;
const HEIGHT = 28;
/** Half a line's width must fit above the highest and below the lowest. */
const EDGE = 2;

interface Props {
  /** None while it is read, or if nothing is stored. */
  series: Steps | undefined;
  /** Between which seconds. */
  from: number;
  to: number;
}

/** A price's last weeks as small steps. Figures beside it say what counts: it is a picture only. */
export function Sparkline({ series, from, to }: Props) {
  const box = { width: WIDTH, height: HEIGHT - 2 * EDGE };
  return (
    <svg
      className={styles.line}
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 ${-EDGE} ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
    >
      {series && <path d={sparkPath(series, from, to, box)} />}
    </svg>
  );
}
