import { useQuery } from "@tanstack/react-query";
import { api, read } from "../../api/client";
import { Listing } from "../../components/Listing";
import { useLimitColumns } from "../../components/limits";
import { useTexts } from "../../texts/texts";
import styles from "./Settings.module.css";

/** How much one may have and do, and how much of it is used. */
export function Limits() {
  const { t } = useTexts();
  const columns = useLimitColumns();
  const query = useQuery({
    queryKey: ["settings", "limits"],
    queryFn: () => read(api.GET("/api/v1/me/limits")),
  });
  return (
    <section className={styles.section}>
      <Listing
        title={t("settings.limits")}
        query={query}
        columns={columns}
        keyOf={(limit) => limit.name}
        label={t("settings.limits")}
        empty={t("settings.noLimits")}
      />
    </section>
  );
}
