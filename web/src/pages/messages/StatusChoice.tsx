import type { Schema } from "../../api/client";
import { Choice } from "../../components/Field";
import { useTexts } from "../../texts/texts";

/** What a message is waiting for, or has become; blank for whatever. */
export type Status = Schema["MessageStatus"] | "";

const MESSAGE_STATUSES = [
  "PENDING",
  "SENT",
  "FAILED",
  "UNKNOWN",
  "NOT_CONFIGURED",
  "CANCELLED",
] as const satisfies readonly Schema["MessageStatus"][];

/** Which messages of a list are shown, by what has become of them. */
export function StatusChoice(props: { value: Status; onChange: (status: Status) => void }) {
  const { t } = useTexts();
  return (
    <Choice
      label={t("messages.state")}
      value={props.value}
      onChange={(event) => props.onChange(event.target.value as Status)}
      options={[
        ["", t("messages.all")],
        ...MESSAGE_STATUSES.map((one) => [one, t(`messages.status.${one}`)] as const),
      ]}
    />
  );
}
