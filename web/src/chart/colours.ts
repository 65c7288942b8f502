import { useEffect, useState } from "react";

const DARK = matchMedia("(prefers-color-scheme: dark)");

/** Return a colour of the design as it is now, light or dark, which a canvas cannot ask itself. */
export function colour(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Return whether the scheme is dark, now and when it changes. */
export function useScheme(): boolean {
  const [isDark, setDark] = useState(() => DARK.matches);
  useEffect(() => {
    const look = () => setDark(DARK.matches);
    DARK.addEventListener("change", look);
    return () => DARK.removeEventListener("change", look);
  }, []);
  return isDark;
}
