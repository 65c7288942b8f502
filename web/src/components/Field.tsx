import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from "react";
import styles from "./Field.module.css";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: ReactNode;
  /** What is wrong with it, in words; none if nothing is. */
  error?: string | null;
}

/** An input with its label above and what is wrong with it beneath. */
export function Field({ label, hint, error, ...input }: FieldProps) {
  const id = useId();
  const beneath = error ?? hint;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className={styles.input}
        aria-invalid={error ? true : undefined}
        aria-describedby={beneath ? `${id}-beneath` : undefined}
        {...input}
      />
      {beneath && (
        <p
          id={`${id}-beneath`}
          className={error ? "bad" : "secondary"}
          role={error ? "alert" : undefined}
        >
          {beneath}
        </p>
      )}
    </div>
  );
}

interface ChoiceProps extends SelectHTMLAttributes<HTMLSelectElement> {
  label: string;
  options: readonly (readonly [value: string, text: string])[];
}

/** A choice among few, whose label only screen readers say: it stands among others in a row. */
export function Choice({ label, options, ...select }: ChoiceProps) {
  return (
    <select aria-label={label} className={styles.input} {...select}>
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  );
}
