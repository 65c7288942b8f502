const PATHS = {
  home: "M3 11 12 4l9 7v9h-6v-6H9v6H3z",
  watches: "M4 6h16M4 12h16M4 18h10",
  deals: "M4 12V4h8l8 8-8 8zM8.5 8.5h.01",
  messages: "M4 5h16v11H9l-5 4z",
  operations: "M4 19V9m5 10V5m5 14v-7m5 7V7",
  settings: "M4 7h10m4 0h2M4 17h2m4 0h10M14 4.5v5M10 14.5v5",
  add: "M12 5v14M5 12h14",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing beside a word; alone it says nothing to a screen reader. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      width="20"
      height="20"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
