import { Button } from "../../components/Button";
import { Choice } from "../../components/Field";
import { regionOf } from "../../format";
import { useTexts } from "../../texts/texts";
import {
  BOUNDS,
  type Condition,
  clauseOf,
  conditionOf,
  FORMS,
  isComplete,
  KINDS,
  type Kind,
  type Rule,
} from "./conditions";
import styles from "./Rules.module.css";

interface Props {
  rule: Rule;
  currency: string;
  domain: string;
  onChange: (rule: Rule) => void;
  onRemove: () => void;
}

const MOST_CONDITIONS = 5;

/** One reason to alert: its conditions, and beneath them the sentence they mean together. */
export function RuleEditor({ rule, currency, domain, onChange, onRemove }: Props) {
  const { t, language } = useTexts();
  const clauses = rule.map((condition) => t(...clauseOf(condition, currency, domain)));
  const list = new Intl.ListFormat(regionOf(language), { type: "conjunction" });
  const sentence = t("alert.sentence", { clauses: list.format(clauses) });
  const set = (place: number, condition: Condition) =>
    onChange(rule.map((one, at) => (at === place ? condition : one)));
  return (
    <fieldset className={styles.rule}>
      <legend className="unseen">{sentence}</legend>
      {rule.map((condition, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a condition is its place in the rule
        <div key={place} className={styles.condition}>
          <ConditionEditor condition={condition} onChange={(changed) => set(place, changed)} />
          {rule.length > 1 && (
            <Button
              look="quiet"
              aria-label={t("alert.removeCondition")}
              title={t("alert.removeCondition")}
              onClick={() => onChange(rule.filter((_, at) => at !== place))}
            >
              ×
            </Button>
          )}
        </div>
      ))}
      <p className={isComplete(rule, currency) ? "secondary" : "secondary bad"} aria-live="polite">
        {isComplete(rule, currency) ? sentence : t("alert.incomplete")}
      </p>
      <p className={styles.buttons}>
        {rule.length < MOST_CONDITIONS && (
          <Button look="quiet" onClick={() => onChange([...rule, conditionOf("backInStock")])}>
            {t("alert.addCondition")}
          </Button>
        )}
        <Button look="quiet" onClick={onRemove}>
          {t("alert.removeRule")}
        </Button>
      </p>
    </fieldset>
  );
}

interface ConditionProps {
  condition: Condition;
  onChange: (condition: Condition) => void;
}

function ConditionEditor({ condition, onChange }: ConditionProps) {
  const { t } = useTexts();
  const { figure, hasDays } = FORMS[condition.kind];
  const bounds = figure && figure !== "money" ? BOUNDS[figure] : undefined;
  return (
    <>
      <Choice
        label={t("alert.condition")}
        value={condition.kind}
        onChange={(event) => onChange(conditionOf(event.target.value as Kind))}
        options={KINDS.map((kind) => [kind, t(FORMS[kind].name)])}
      />
      {figure && (
        <input
          className={styles.figure}
          aria-label={t(`rule.figure.${figure}`)}
          inputMode={figure === "money" ? "decimal" : "numeric"}
          type={figure === "money" ? "text" : "number"}
          min={bounds?.[0]}
          max={bounds?.[1]}
          required
          value={condition.figure}
          onChange={(event) => onChange({ ...condition, figure: event.target.value })}
        />
      )}
      {hasDays && (
        <Choice
          label={t("alert.days")}
          value={condition.days}
          onChange={(event) =>
            onChange({ ...condition, days: event.target.value === "30" ? "30" : "90" })
          }
          options={(["30", "90"] as const).map((days) => [
            days,
            t("product.window.days", { days }),
          ])}
        />
      )}
    </>
  );
}
