import { useEffect, useRef, useState } from "react";
import { useDelayed } from "../useDelayed";
import { Field } from "./Field";

interface Props {
  label: string;
  /** What is searched for, as the address says. */
  value: string;
  onSearch: (text: string) => void;
}

/** Where one types what to search for; the search follows once the typing pauses. */
export function SearchField({ label, value, onSearch }: Props) {
  const [typed, setTyped] = useState(value);
  const asked = useRef(value);
  const delayed = useDelayed(typed.trim());

  useEffect(() => {
    if (delayed === asked.current) return;
    asked.current = delayed;
    onSearch(delayed);
  }, [delayed, onSearch]);
  useEffect(() => {
    // Back, or a link, has led to another search.
    if (value === asked.current) return;
    asked.current = value;
    setTyped(value);
  }, [value]);

  return (
    <Field
      label={label}
      type="search"
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}
