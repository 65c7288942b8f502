import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";
import { useTexts } from "../texts/texts";
import { Button } from "./Button";
import styles from "./Toast.module.css";

interface Toast {
  says: string;
  undo?: () => unknown;
}

const SHOWN_MS = 10_000;
const Context = createContext<((toast: Toast) => void) | null>(null);

/** Where what was done is said, for ten seconds in which it may be undone. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const { t } = useTexts();
  const [toast, setToast] = useState<Toast | null>(null);
  const show = useCallback((next: Toast) => setToast(next), []);

  useEffect(() => {
    if (toast === null) return;
    const timer = setTimeout(() => setToast(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast]);

  return (
    <Context value={show}>
      {children}
      <div className={styles.place} role="status">
        {toast && (
          <div className={styles.toast}>
            <span>{toast.says}</span>
            {toast.undo && (
              <Button
                look="quiet"
                onClick={() => {
                  setToast(null);
                  toast.undo?.();
                }}
              >
                {t("do.undo")}
              </Button>
            )}
            <Button look="quiet" onClick={() => setToast(null)}>
              {t("do.close")}
            </Button>
          </div>
        )}
      </div>
    </Context>
  );
}

/** Return what says that something was done, with a way to undo it. */
export function useToast(): (toast: Toast) => void {
  const show = useContext(Context);
  if (show === null) throw new Error("no ToastProvider above");
  return show;
}
