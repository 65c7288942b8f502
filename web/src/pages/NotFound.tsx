import { ButtonLink } from "../components/Button";
import { Empty } from "../components/Empty";
import { useTexts } from "../texts/texts";

export default function NotFound() {
  const { t } = useTexts();
  return (
    <Empty
      says={t("state.notFound")}
      action={<ButtonLink to="/">{t("state.goHome")}</ButtonLink>}
    />
  );
}
