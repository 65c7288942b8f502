import { type ReactNode, useEffect } from "react";
import styles from "./Page.module.css";

interface Props {
  title: string;
  /** The page's main action, at the end of its head. */
  action?: ReactNode;
  children: ReactNode;
}

/** A page: its title, its main action, its content. */
export function Page({ title, action, children }: Props) {
  useTitle(title);
  return (
    <>
      <header className={styles.head}>
        <h1>{title}</h1>
        {action}
      </header>
      {children}
    </>
  );
}

/** Say in the window's title where one is. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === "Keeper" ? title : `${title} · Keeper`;
  }, [title]);
}
