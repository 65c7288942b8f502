import { useTexts } from "../texts/texts";
import styles from "./Skeleton.module.css";

/** What stands where lines will be, of the same height, so that nothing jumps. */
export function Skeleton({ lines, height = 24 }: { lines: number; height?: number }) {
  const { t } = useTexts();
  return (
    <div role="status" className={styles.lines} data-loading="">
      <span className="unseen">{t("state.loading")}</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all the same
        <div key={line} className={styles.line} style={{ height }} />
      ))}
    </div>
  );
}
