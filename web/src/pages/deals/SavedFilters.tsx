import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, read, run, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { useFailure } from "../../components/Failed";
import { useToast } from "../../components/Toast";
import { When } from "../../components/When";
import { siteOf } from "../../format";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import styles from "./Deals.module.css";
import { FilterDialog } from "./FilterDialog";
import { again } from "./filterForm";

type Filter = Schema["FilterReply"];

/** The searches whose deals these are: each with what it found, changed in place. */
export function SavedFilters({ filters }: { filters: ReturnType<typeof useFilters> }) {
  const { t } = useTexts();
  const [edited, setEdited] = useState<Filter | null>(null);
  const failure = useFailure(filters);
  return (
    <section className={styles.saved}>
      <header className={styles.savedHead}>
        <h2>{t("filters.title")}</h2>
        <AddFilter />
      </header>
      {failure}
      {filters.data && filters.data.length > 0 && (
        <ul className={styles.list}>
          {filters.data.map((filter) => (
            <Line key={filter.id} filter={filter} onEdit={() => setEdited(filter)} />
          ))}
        </ul>
      )}
      {edited && <FilterDialog filter={edited} onClose={() => setEdited(null)} />}
    </section>
  );
}

/** The way to a new search, and its form. */
export function AddFilter({ look }: { look?: "main" }) {
  const { t } = useTexts();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button {...(look && { look })} onClick={() => setOpen(true)}>
        {t("filters.add")}
      </Button>
      {isOpen && <FilterDialog filter={null} onClose={() => setOpen(false)} />}
    </>
  );
}

/** Return the saved searches. */
export function useFilters() {
  return useQuery({
    queryKey: ["deals", "filters"],
    queryFn: async () =>
      (await read(api.GET("/api/v1/deal-filters", { params: { query: { limit: 500 } } }))).items,
  });
}

function Line({ filter, onEdit }: { filter: Filter; onEdit: () => void }) {
  const { t } = useTexts();
  const { me } = useSession();
  const { remove, pause } = useFilterChanges(filter);
  const isPaused = filter.status === "PAUSED";
  return (
    <li className={styles.filter}>
      <div className={styles.words}>
        <Link href={`/deals?search=${filter.id}&seen=month`} className={styles.filterName}>
          {filter.name}
        </Link>
        <span className="secondary">
          {isPaused && <span className="warn">{t("filters.paused")} · </span>}
          {siteOf(filter.domain)} · {filter.price_type}
          {filter.owner_id !== me.id && ` · ${filter.owner}`}
          {" · "}
          {t("filters.found", { deals: filter.deals })}
          {filter.last_seen_at && (
            <>
              {" · "}
              <When at={filter.last_seen_at} />
            </>
          )}
        </span>
        {filter.problem && <span className="bad">✕ {filter.problem}</span>}
      </div>
      <div className={styles.actions}>
        <Button onClick={onEdit} aria-label={t("filters.changeOne", { name: filter.name })}>
          {t("do.change")}
        </Button>
        <Button onClick={() => pause.mutate(isPaused ? "ACTIVE" : "PAUSED")}>
          {t(isPaused ? "filters.resume" : "filters.pause")}
        </Button>
        <Button
          onClick={() => remove.mutate()}
          aria-label={t("filters.removeOne", { name: filter.name })}
        >
          {t("bulk.remove")}
        </Button>
      </div>
    </li>
  );
}

function useFilterChanges(filter: Filter) {
  const { t } = useTexts();
  const queries = useQueryClient();
  const say = useToast();
  const params = { path: { filter_id: filter.id } };
  const refresh = () => queries.invalidateQueries({ queryKey: ["deals"] });
  const onError = (error: Error) => say({ says: error.message });
  const pause = useMutation({
    mutationFn: (status: "ACTIVE" | "PAUSED") =>
      read(api.PATCH("/api/v1/deal-filters/{filter_id}", { params, body: { status } })),
    onSettled: refresh,
    onError,
  });
  const restore = useMutation({
    mutationFn: async () => {
      const saved = await read(api.POST("/api/v1/deal-filters", { body: again(filter) }));
      if (filter.status !== "PAUSED") return;
      const path = { filter_id: saved.filter.id };
      const body = { status: "PAUSED" } as const;
      await read(api.PATCH("/api/v1/deal-filters/{filter_id}", { params: { path }, body }));
    },
    onSettled: refresh,
    onError,
  });
  const remove = useMutation({
    mutationFn: () => run(api.DELETE("/api/v1/deal-filters/{filter_id}", { params })),
    onSuccess: () =>
      say({ says: t("filters.removed", { name: filter.name }), undo: () => restore.mutate() }),
    onSettled: refresh,
    onError,
  });
  return { pause, remove };
}
