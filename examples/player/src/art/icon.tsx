const paths = {
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M7.5 5.5h3v13h-3zM13.5 5.5h3v13h-3z",
  skip: "M6 6v12l8.5-6zM15.5 6h2.2v12h-2.2z",
  like: "M12 19.2l-6.6-6.4a4.2 4.2 0 0 1 6-5.9l.6.6.6-.6a4.2 4.2 0 0 1 6 5.9z",
  sound: "M4.5 9.5h3.2L12 5.8v12.4l-4.3-3.7H4.5zM14.6 8.4a5 5 0 0 1 0 7.2M17 6a8.4 8.4 0 0 1 0 12",
  silent: "M4.5 9.5h3.2L12 5.8v12.4l-4.3-3.7H4.5zM15 9.5l5 5M20 9.5l-5 5",
  why: "M6 10l6 5.5L18 10",
  close: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  sun: "M12 8.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4",
  moon: "M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5z",
} as const;

const outlined = new Set(["sound", "silent", "why", "close", "sun", "moon"]);

/** Decoration beside a name: the button that holds it has the words. */
export function Icon({ name }: { name: keyof typeof paths }) {
  const className = outlined.has(name) ? "icon outlined" : "icon";
  return (
    <svg className={className} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
