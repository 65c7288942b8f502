import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Link } from "wouter";
import styles from "./Button.module.css";

type Look = "main" | "plain" | "quiet";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
}

/** A button. A page has one that looks like its main action at most. */
export function Button({ look = "plain", type = "button", className = "", ...rest }: Props) {
  return (
    <button type={type} className={`${styles.button} ${styles[look]} ${className}`} {...rest} />
  );
}

/** A way to another page that looks like a button. */
export function ButtonLink({
  to,
  look = "plain",
  children,
}: {
  to: string;
  look?: Look;
  children: ReactNode;
}) {
  return (
    <Link href={to} className={`${styles.button} ${styles[look]}`}>
      {children}
    </Link>
  );
}

/** A way out of Keeper that looks like a button. */
export function ExternalLink({ to, children }: { to: string; children: ReactNode }) {
  return (
    <a
      href={to}
      target="_blank"
      rel="noopener noreferrer"
      className={`${styles.button} ${styles.plain}`}
    >
      {children}
    </a>
  );
}
