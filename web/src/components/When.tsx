import { agoText, momentText } from "../format";
import { useTexts } from "../texts/texts";
import { useNow } from "../useNow";

/** How long ago something was; the exact moment when one points at it. */
export function When({ at }: { at: string | null }) {
  const { t, language } = useTexts();
  const now = useNow();
  if (at === null) return <>{t("time.never")}</>;
  const moment = new Date(at);
  return (
    <time dateTime={at} title={momentText(moment, language)}>
      {agoText(moment, now, language)}
    </time>
  );
}
