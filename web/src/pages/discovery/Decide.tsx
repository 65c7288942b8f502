import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Locale, read, type Schema } from "../../api/client";
import { BulkBar } from "../../components/BulkBar";
import { Button } from "../../components/Button";
import { Choice } from "../../components/Field";
import { useToast } from "../../components/Toast";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";

interface Props {
  chosen: readonly Schema["ProposalReply"][];
  onNone: () => void;
}

/** What becomes of the chosen proposals. A decision stays: the bar says so before it is made. */
export function Decide({ chosen, onNone }: Props) {
  const { t } = useTexts();
  const { me } = useSession();
  const queries = useQueryClient();
  const say = useToast();
  const [list, setList] = useState<"own" | "keeper">("own");
  const decide = useMutation({
    mutationFn: (state: "APPROVED" | "REJECTED") => {
      const products = chosen.map(({ asin, domain }) => ({ asin, domain: domain as Locale }));
      const owner_id = list === "own" ? me.id : null;
      return read(api.PATCH("/api/v1/proposals", { body: { products, state, owner_id } }));
    },
    onSuccess: ({ results }, state) => {
      const decided = results.filter(({ outcome }) => outcome === "decided").length;
      say({ says: t(`discovery.${state}.done`, { decided }) });
      onNone();
    },
    onError: (error) => say({ says: error.message }),
    onSettled: () =>
      Promise.all(
        ["deals", "watches", "home"].map((key) => queries.invalidateQueries({ queryKey: [key] })),
      ),
  });
  return (
    <BulkBar chosen={chosen.length} onNone={onNone}>
      <span className="secondary">{t("discovery.stays")}</span>
      <Choice
        label={t("discovery.list")}
        value={list}
        onChange={(event) => setList(event.target.value === "own" ? "own" : "keeper")}
        options={[
          ["own", t("discovery.list.own")],
          ["keeper", t("discovery.list.keeper")],
        ]}
      />
      <Button look="main" disabled={decide.isPending} onClick={() => decide.mutate("APPROVED")}>
        {t("discovery.approve")}
      </Button>
      <Button disabled={decide.isPending} onClick={() => decide.mutate("REJECTED")}>
        {t("discovery.reject")}
      </Button>
    </BulkBar>
  );
}
