import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from "react";
import styles from "./Field.module.css";

interface Around {
  label: string;
  hint?: ReactNode;
  /** What is wrong with it, in words; none if nothing is. */
  error?: string | null;
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement>, Around {}

/** An input with its label above and what is wrong with it beneath. */
export function Field({ label, hint, error, ...input }: FieldProps) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} error={error}>
      <input id={id} className={styles.input} {...described(id, hint, error)} {...input} />
    </Labelled>
  );
}

interface AreaProps extends TextareaHTMLAttributes<HTMLTextAreaElement>, Around {}

/** As a field, for several lines. */
export function Area({ label, hint, error, ...area }: AreaProps) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint} error={error}>
      <textarea
        id={id}
        className={`${styles.input} ${styles.area}`}
        {...described(id, hint, error)}
        {...area}
      />
    </Labelled>
  );
}

function described(id: string, hint: ReactNode, error: string | null | undefined) {
  return {
    "aria-invalid": error ? true : undefined,
    "aria-describedby": (error ?? hint) ? `${id}-beneath` : undefined,
  } as const;
}

function Labelled({
  id,
  label,
  hint,
  error,
  children,
}: {
  id: string;
  label: string;
  hint: ReactNode;
  error: string | null | undefined;
  children: ReactNode;
}) {
  const beneath = error ?? hint;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children}
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
