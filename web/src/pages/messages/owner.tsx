import { type ReactNode, useState } from "react";
import { Segmented } from "../../components/Segmented";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";

type Whose = "mine" | "all";

interface Owner {
  /** What lists are asked for: one's own, or everybody's. */
  query: { owner_id?: number };
  showsAll: boolean;
  /** Operators choose; readers have their own alone. */
  choice: ReactNode;
}

/** Return whose messages are shown. */
export function useOwner(): Owner {
  const { t } = useTexts();
  const { me, isOperator } = useSession();
  const [whose, setWhose] = useState<Whose>("mine");
  const showsAll = isOperator && whose === "all";
  return {
    query: showsAll ? {} : { owner_id: me.id },
    showsAll,
    choice: isOperator ? (
      <Segmented
        label={t("messages.whose")}
        value={whose}
        onChange={setWhose}
        options={[
          ["mine", t("messages.mine")],
          ["all", t("messages.everybodys")],
        ]}
      />
    ) : null,
  };
}
