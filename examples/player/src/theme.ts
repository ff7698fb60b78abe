import { useEffect, useState } from "react";

export type Theme = "light" | "dark";
const key = "attune-player-theme";

/** The device's wish until the visitor picks; the pick stays in this browser. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [picked, setPicked] = useState(() => localStorage.getItem(key) as Theme | null);
  const [isDark, setDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const media = matchMedia("(prefers-color-scheme: dark)");
    const listen = (): void => setDark(media.matches);
    media.addEventListener("change", listen);
    return () => media.removeEventListener("change", listen);
  }, []);
  const theme = picked ?? (isDark ? "dark" : "light");
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const pick = (wanted: Theme): void => {
    localStorage.setItem(key, wanted);
    setPicked(wanted);
  };
  return [theme, pick];
}
