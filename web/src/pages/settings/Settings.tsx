import { Page } from "../../components/Page";
import { useTexts } from "../../texts/texts";
import { Account } from "./Account";
import { ApiTokens } from "./ApiTokens";
import { Feeds } from "./Feeds";
import { Limits } from "./Limits";
import { Sessions } from "./Sessions";
import { Telegram } from "./Telegram";

/** What is one's own: language, zone, sessions, programs that may act for one, and limits. */
export default function Settings() {
  const { t } = useTexts();
  return (
    <Page title={t("settings.title")}>
      <Account />
      <Sessions />
      <ApiTokens />
      <Feeds />
      <Telegram />
      <Limits />
    </Page>
  );
}
