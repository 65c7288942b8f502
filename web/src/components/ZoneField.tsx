import { useMemo } from "react";
import { useTexts } from "../texts/texts";
import { Field } from "./Field";

interface Props {
  value: string;
  onChange: (zone: string) => void;
  hint?: string;
  error?: string | null;
}

const LIST = "zones";

/** A time zone as IANA names it: typed, with those that this browser knows at hand. */
export function ZoneField({ value, onChange, hint, error }: Props) {
  const { t } = useTexts();
  const zones = useMemo(() => [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])], []);
  return (
    <>
      <Field
        label={t("zone.label")}
        list={LIST}
        required
        autoComplete="off"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        hint={hint}
        {...(error !== undefined && { error })}
      />
      <datalist id={LIST}>
        {zones.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}
