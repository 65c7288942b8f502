import { useTexts } from "../texts/texts";
import styles from "./Simulated.module.css";

/** One quiet line where what is shown is invented, not a badge on each thing. */
export function Simulated({ of }: { of: readonly { source: string | null }[] }) {
  const { t } = useTexts();
  if (!of.some(({ source }) => source === "simulator")) return null;
  return <p className={styles.line}>{t("app.simulated")}</p>;
}
