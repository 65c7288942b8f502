import type { Locale, PriceType, Schema } from "../../api/client";
import { Picture } from "../../components/Picture";
import { When } from "../../components/When";
import { siteOf } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Product.module.css";

interface Props {
  product: Schema["ProductPricesReply"];
  domain: Locale;
  priceType: PriceType;
  price: Schema["TypedPrice"] | undefined;
}

/** Which product it is, and how old what is shown of it is. */
export function Head({ product, domain, priceType, price }: Props) {
  const { t } = useTexts();
  return (
    <header className={styles.head}>
      <Picture url={product.image_url} source={product.prices[0]?.source} size={72} />
      <div className={styles.words}>
        <h1 dir="auto" className={styles.title} title={product.title ?? product.asin}>
          {product.title ?? product.asin}
        </h1>
        <p className={`secondary ${styles.facts}`}>
          <span>
            {t("product.provenance", { site: siteOf(domain), type: t(`type.${priceType}`) })}
          </span>
          {price?.seen_at && (
            <span>
              {t("product.fromKeepa")} <When at={price.seen_at} />
            </span>
          )}
          {price?.checked_at && (
            <span>
              {t("product.checked")} <When at={price.checked_at} />
            </span>
          )}
        </p>
        {product.kind && <p className="secondary">{product.kind}</p>}
      </div>
    </header>
  );
}
