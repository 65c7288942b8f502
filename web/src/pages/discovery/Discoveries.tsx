import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, read, run, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { useFailure } from "../../components/Failed";
import { Skeleton } from "../../components/Skeleton";
import { useToast } from "../../components/Toast";
import { When } from "../../components/When";
import { siteOf } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Discovery.module.css";
import { DiscoveryDialog } from "./DiscoveryDialog";
import { savedAgain } from "./discoveryForm";

/** The searches that propose products: what each found, and new ones. */
export function Discoveries() {
  const { t } = useTexts();
  const [isAdding, setAdding] = useState(false);
  const searches = useQuery({
    queryKey: ["deals", "discoveries"],
    queryFn: () => read(api.GET("/api/v1/discoveries")),
  });
  const failure = useFailure(searches);
  return (
    <section className={styles.searches}>
      <header className={styles.head}>
        <h2>{t("discovery.searches")}</h2>
        <Button onClick={() => setAdding(true)}>{t("filters.add")}</Button>
      </header>
      {searches.isPending && !failure && <Skeleton lines={2} height={56} />}
      {failure}
      {searches.data?.items.length === 0 && <p className="muted">{t("discovery.noSearch")}</p>}
      {searches.data && searches.data.items.length > 0 && (
        <ul className={styles.list}>
          {searches.data.items.map((search) => (
            <Line key={search.id} search={search} />
          ))}
        </ul>
      )}
      {isAdding && <DiscoveryDialog onClose={() => setAdding(false)} />}
    </section>
  );
}

function Line({ search }: { search: Schema["DiscoveryReply"] }) {
  const { t } = useTexts();
  const queries = useQueryClient();
  const say = useToast();
  const refresh = () => queries.invalidateQueries({ queryKey: ["deals"] });
  const onError = (error: Error) => say({ says: error.message });
  const restore = useMutation({
    mutationFn: () => read(api.POST("/api/v1/discoveries", { body: savedAgain(search) })),
    onSettled: refresh,
    onError,
  });
  const remove = useMutation({
    mutationFn: () =>
      run(
        api.DELETE("/api/v1/discoveries/{discovery_id}", {
          params: { path: { discovery_id: search.id } },
        }),
      ),
    onSuccess: () =>
      say({ says: t("filters.removed", { name: search.name }), undo: () => restore.mutate() }),
    onSettled: refresh,
    onError,
  });
  const { proposed, approved, rejected } = search;
  return (
    <li className={styles.search}>
      <div className={styles.words}>
        <Link href={`/deals/discovery?by=${search.id}`} className={styles.name}>
          {search.name}
        </Link>
        <span className="secondary">
          {siteOf(search.domain)} · {t(`discovery.kind.${search.kind}`)} ·{" "}
          {t("discovery.counts", { proposed, approved, rejected })} · {t("discovery.searched")}{" "}
          <When at={search.searched_at} />
        </span>
        {search.problem && <span className="bad">✕ {search.problem}</span>}
      </div>
      <Button
        onClick={() => remove.mutate()}
        aria-label={t("filters.removeOne", { name: search.name })}
      >
        {t("bulk.remove")}
      </Button>
    </li>
  );
}
