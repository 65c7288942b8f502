import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ChangeEvent, useId } from "react";
import { useLocation } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { useToast } from "../../components/Toast";
import { siteOf } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Add.module.css";

/** A list from a spreadsheet: first what would become of each row, then the import. */
export function ImportFile() {
  const { t } = useTexts();
  const id = useId();
  const [, goTo] = useLocation();
  const say = useToast();
  const queries = useQueryClient();
  const preview = useMutation({ mutationFn: (file: File) => importFile(file, true) });
  const done = useMutation({
    mutationFn: (file: File) => importFile(file, false),
    onSuccess: ({ added, changed }) => {
      for (const key of ["watches", "home", "product"])
        queries.invalidateQueries({ queryKey: [key] });
      say({ says: t("import.done", { added, changed }) });
      goTo("/watches?sort=-changed_at");
    },
  });
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    if (file) preview.mutate(file);
  };
  const found = preview.data;
  const file = preview.variables;
  const useful = found ? found.added + found.changed : 0;
  const error = preview.error ?? done.error;
  const wouldText = ({ rows, added, changed, unchanged, bad }: Schema["ImportReply"]) =>
    t("import.would", { rows: rows.length, added, changed, unchanged, bad });
  return (
    <section className={styles.import}>
      <h2>{t("import.title")}</h2>
      <p className="muted">{t("import.about")}</p>
      <p>
        <label htmlFor={id} className={styles.fileLabel}>
          {t("import.file")}
        </label>
        <input id={id} type="file" accept=".csv,.txt,.tsv,text/csv" onChange={choose} />
      </p>
      {error && (
        <p className="bad" role="alert">
          {error.message}
        </p>
      )}
      {found && file && (
        <>
          <p role="status">{wouldText(found)}</p>
          {found.notes.map((note) => (
            <p key={note} className="secondary">
              {note}
            </p>
          ))}
          <Rows rows={found.rows} />
          <div>
            <Button
              look="main"
              disabled={useful === 0 || done.isPending}
              onClick={() => done.mutate(file)}
            >
              {t("import.go", { useful })}
            </Button>
          </div>
        </>
      )}
    </section>
  );
}

/** More rows than a page can show stay in the file; bad ones are all shown. */
const SHOWN = 100;

function Rows({ rows }: { rows: readonly Schema["ImportedRowReply"][] }) {
  const { t } = useTexts();
  const bad = rows.filter(({ outcome }) => outcome === null);
  const good = rows.filter(({ outcome }) => outcome !== null).slice(0, SHOWN);
  const shown = [...bad, ...good];
  const left = rows.length - shown.length;
  return (
    <>
      <ul className={styles.echo}>
        {shown.map((row) => (
          <li key={row.row}>
            <span className={styles.read}>
              <span>
                {t("import.row", { row: row.row })}{" "}
                {row.asin && row.domain && `${row.asin} · ${siteOf(row.domain)}`}
              </span>
              {row.problem && <span className="bad">✕ {row.problem}</span>}
              {row.outcome && (
                <span className="secondary">
                  {[t(`import.${row.outcome}`), ...row.changes, ...row.notes].join(" · ")}
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
      {left > 0 && <p className="secondary">{t("import.left", { left })}</p>}
    </>
  );
}

/** Send the file as it is: the API finds out how it is written. */
function importFile(file: File, isDryRun: boolean): Promise<Schema["ImportReply"]> {
  return read(
    api.POST("/api/v1/watches/import", {
      params: { query: { dry_run: isDryRun } },
      body: file as unknown as string,
      bodySerializer: (body: unknown) => body as BodyInit,
      headers: { "Content-Type": "text/csv" },
    }),
  );
}
