// Draws each table that a page declares as a chart. What is drawn, with which columns, says the page; how, this file.
"use strict";

const FORMAT = {
  count: (value) => Math.round(value).toLocaleString("en"),
  rank: (value) => String(value),
  hours: (value) => (value < 36e5 ? `${Math.round(value / 6e4)} min` : `${(value / 36e5).toLocaleString("en", { maximumFractionDigits: value < 36e6 ? 1 : 0 })} h`),
  minutes: (value) => `${Math.round(value / 6e4).toLocaleString("en")} min`,
  length: (value) => `${Math.floor(value / 6e4)}:${String(Math.round((value % 6e4) / 1e3)).padStart(2, "0")}`,
  share: (value) => `${(100 * value).toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 0.1 ? 1 : 0 })} %`,
  number: (value) => value.toLocaleString("en", { maximumFractionDigits: 2 }),
  figure: (value) => Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 4 }),
  effect: (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`,
  change: (value) => (value > 0 ? `+${value}` : String(value)),
  hour: (value) => `${String(value).padStart(2, "0")}:00`,
  date: (value) => new Date(`${value}T00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }),
  month: (value) => new Date(`${value}T00:00Z`).toLocaleDateString("en-GB", { month: "short", year: "numeric", timeZone: "UTC" }),
};
const SERIES = ["--s1", "--s2", "--s3", "--s4", "--s5", "--s6", "--s7", "--s8"];

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink"), muted: of("--muted"), line: of("--line"), card: of("--card"), low: of("--heat-low"), high: of("--heat-high"), series: SERIES.map(of), font: style.fontFamily };
}

function shown(column, value) {
  if (value === null || value === undefined || value === "") return "–";
  const format = FORMAT[column.kind];
  return format ? format(value) : String(value);
}

class Data {
  constructor(told) {
    Object.assign(this, told);
    this.places = new Map(this.columns.map((column, place) => [column.name, place]));
  }
  column(name) { return this.columns[this.places.get(name)]; }
  value(row, name) { return row[this.places.get(name)]; }
  values(name) { return this.rows.map((row) => this.value(row, name)); }
  label(name) { return this.column(name).label; }
  groups() { return [...new Set(this.values(this.group))]; }
}

function frame(c, data) {
  return {
    animation: false,
    color: c.series,
    textStyle: { color: c.ink, fontFamily: c.font },
    grid: { left: 12, right: 16, top: data.y.length > 1 || data.group ? 36 : 12, bottom: 8, containLabel: true },
    legend: { show: data.y.length > 1 || Boolean(data.group), type: "scroll", top: 0, textStyle: { color: c.muted }, pageTextStyle: { color: c.muted }, icon: "roundRect", itemWidth: 12, itemHeight: 8 },
    tooltip: { renderMode: "richText", confine: true, backgroundColor: c.card, borderColor: c.line, textStyle: { color: c.ink, fontSize: 13 } },
  };
}

// Ticks of times fall on whole minutes or hours.
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3000, 6000, 12000, 30000, 60000].map((minutes) => minutes * 6e4);

function valueAxis(c, column, most) {
  const isTime = (column.kind === "hours" || column.kind === "minutes") && most > 0;
  const interval = isTime ? STEPS.find((step) => most / step <= 6) : undefined;
  return { ...(interval ? { interval, max: Math.ceil(most / interval) * interval } : {}), type: "value", axisLabel: { color: c.muted, formatter: (value) => shown(column, value), hideOverlap: true }, splitLine: { lineStyle: { color: c.line } }, axisLine: { show: false } };
}

function nameAxis(c, data, name, extra) {
  const column = data.column(name);
  return { type: "category", data: [...new Set(data.values(name))], axisLabel: { color: c.muted, hideOverlap: true, formatter: (value) => shown(column, typeof value === "string" && column.kind === "hour" ? Number(value) : value) }, axisLine: { lineStyle: { color: c.line } }, axisTick: { show: false }, ...extra };
}

function tip(data, row, names) {
  return names.filter((name) => name && data.places.has(name)).map((name, place) => (place ? `${data.label(name)}: ` : "") + shown(data.column(name), data.value(row, name))).join("\n");
}

function along(c, data, { type, area, horizontal }) {
  const column = data.column(data.y[0]);
  const axis = nameAxis(c, data, data.x, horizontal ? { inverse: true, axisLabel: { color: c.muted, width: 130, overflow: "truncate" } } : {});
  const series = [];
  const add = (name, values) => series.push({
    name, type, data: values, stack: data.stacked ? "all" : undefined, areaStyle: area ? { opacity: data.stacked ? 0.75 : 0.18 } : undefined,
    showSymbol: values.filter((value) => value !== null).length < 3, symbolSize: 6, connectNulls: false, lineStyle: { width: data.stacked ? 1 : 2, type: data.dashed.some((one) => data.label(one) === name) ? [6, 4] : "solid" }, barMaxWidth: 28, barGap: "10%",
    itemStyle: type === "bar" && !data.stacked ? { borderRadius: horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0] } : {}, emphasis: { focus: data.group ? "series" : "none" },
  });
  if (data.group) {
    for (const group of data.groups()) {
      const known = new Map(data.rows.filter((row) => data.value(row, data.group) === group).map((row) => [data.value(row, data.x), data.value(row, data.y[0])]));
      add(String(group ?? "unknown"), axis.data.map((x) => known.get(x) ?? (data.stacked ? 0 : null)));
    }
  } else for (const name of data.y) add(data.label(name), data.values(name));
  const bands = [[data.low, data.high], [data.innerLow, data.innerHigh]].filter((band) => band[0] && band[1]);
  bands.forEach(([from, to], place) => {
    const low = data.values(from), high = data.values(to);
    const hidden = { type: "line", stack: `band ${place}`, stackStrategy: "all", symbol: "none", lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
    series.push({ ...hidden, name: "", data: low }, { ...hidden, name: "", data: high.map((value, at) => (value === null || low[at] === null ? null : value - low[at])), areaStyle: { color: c.series[0], opacity: 0.2 } });
  });
  const options = frame(c, data);
  options.tooltip = { ...options.tooltip, trigger: "axis", formatter: (points) => {
    const head = shown(data.column(data.x), points[0].axisValue);
    const lines = points.filter((point) => point.seriesName && point.value !== null && point.value !== undefined && !(data.stacked && !point.value)).map((point) => `${data.group || data.y.length > 1 ? `${point.seriesName}: ` : ""}${shown(column, point.value)}`);
    const row = bands.length && data.rows.find((one) => String(data.value(one, data.x)) === String(points[0].axisValue));
    for (const [from, to] of row ? [...bands].reverse() : []) {
      if (data.value(row, from) !== null) lines.push(`${shown(data.column(from), data.value(row, from))} to ${shown(data.column(to), data.value(row, to))}`);
    }
    return [head, ...lines].join("\n");
  } };
  options.legend.data = series.map((one) => one.name).filter(Boolean);
  const tops = data.stacked ? axis.data.map((_, at) => series.reduce((sum, one) => sum + (one.data[at] || 0), 0)) : series.flatMap((one) => one.data);
  const values = valueAxis(c, column, Math.max(0, ...tops.filter((one) => typeof one === "number"), ...(data.high ? data.values(data.high) : [])));
  if (!data.fromZero) values.scale = true;
  if (data.stacked && column.kind === "share") values.max = 1;
  return { ...options, xAxis: horizontal ? values : axis, yAxis: horizontal ? axis : values, series };
}

function heatmap(c, data) {
  const x = nameAxis(c, data, data.x), y = nameAxis(c, data, data.y[0], { inverse: true }), value = data.column(data.y[1]);
  const numbers = data.values(data.y[1]).filter((one) => one !== null);
  return { ...frame(c, data), legend: { show: false }, grid: { left: 12, right: 8, top: 8, bottom: 44, containLabel: true }, xAxis: x, yAxis: y,
    visualMap: { min: 0, max: Math.max(...numbers, 1e-9), calculable: false, orient: "horizontal", left: "center", bottom: 0, itemHeight: 120, itemWidth: 10, inRange: { color: [c.low, c.high] }, textStyle: { color: c.muted }, formatter: (one) => shown(value, one) },
    tooltip: { ...frame(c, data).tooltip, formatter: (point) => tip(data, data.rows[point.dataIndex], [data.y[0], data.x, data.y[1]]) },
    series: [{ type: "heatmap", data: data.rows.map((row) => [x.data.indexOf(data.value(row, data.x)), y.data.indexOf(data.value(row, data.y[0])), data.value(row, data.y[1]) ?? "-"]), itemStyle: { borderColor: c.card, borderWidth: 1, borderRadius: 2 } }] };
}

function calendar(c, data, box) {
  const value = data.column(data.y[0]), days = data.values(data.x), years = [...new Set(days.map((day) => day.slice(0, 4)))].sort().reverse();
  const numbers = data.values(data.y[0]).filter((one) => one !== null).sort((a, b) => a - b), most = numbers[Math.floor(0.98 * (numbers.length - 1))] || 1;
  const cell = Math.max(5, Math.min(16, Math.floor((box.clientWidth - 64) / 54))), step = cell * 7 + 34;
  box.style.height = `${years.length * step + 40}px`;
  return { ...frame(c, data), legend: { show: false },
    visualMap: { min: 0, max: most, orient: "horizontal", left: "center", bottom: 0, itemHeight: 120, itemWidth: 10, inRange: { color: [c.low, c.high] }, textStyle: { color: c.muted }, formatter: (one) => shown(value, one) },
    tooltip: { ...frame(c, data).tooltip, formatter: (point) => `${FORMAT.date(point.value[0])}\n${shown(value, point.value[1])}` },
    calendar: years.map((year, place) => ({ top: 20 + place * step, left: 56, cellSize: [cell, cell], range: year, splitLine: { lineStyle: { color: c.line } }, itemStyle: { color: "transparent", borderColor: c.card, borderWidth: 1 }, yearLabel: { color: c.muted, fontSize: 13, margin: 30 }, dayLabel: { color: c.muted, firstDay: 1, nameMap: ["S", "M", "T", "W", "T", "F", "S"], fontSize: 9, show: cell > 8 }, monthLabel: { color: c.muted, fontSize: 11 } })),
    series: years.map((year, place) => ({ type: "heatmap", coordinateSystem: "calendar", calendarIndex: place, data: data.rows.filter((row) => data.value(row, data.x).startsWith(year)).map((row) => [data.value(row, data.x), data.value(row, data.y[0])]) })) };
}

function clock(c, data) {
  const value = data.column(data.y[0]);
  return { ...frame(c, data), legend: { show: false }, angleAxis: { type: "category", data: data.values(data.x), axisLabel: { color: c.muted }, axisLine: { lineStyle: { color: c.line } }, axisTick: { show: false } }, radiusAxis: { axisLabel: { show: false }, axisLine: { show: false }, axisTick: { show: false }, splitLine: { lineStyle: { color: c.line } } }, polar: { radius: ["18%", "82%"] },
    tooltip: { ...frame(c, data).tooltip, formatter: (point) => tip(data, data.rows[point.dataIndex], [data.x, ...data.y]) },
    series: [{ type: "bar", coordinateSystem: "polar", data: data.values(data.y[0]), itemStyle: { color: c.series[0] }, barCategoryGap: "8%" }], name: value.label };
}

function plane(c, data) {
  const sizes = data.size ? data.values(data.size).map((one) => one ?? 0) : [], most = Math.max(...sizes, 1e-9);
  const span = (name) => { const column = data.column(name); return column.kind === "share" || column.kind === "number" ? { min: 0, max: 1 } : {}; };
  const axis = (name, at) => ({ ...valueAxis(c, data.column(name)), ...span(name), name: data.label(name), nameLocation: "middle", nameGap: at, nameTextStyle: { color: c.muted } });
  const groups = data.group ? data.groups() : [null];
  const label = (at) => (data.named ? data.value(data.rows[at], data.named) : null);
  const points = data.rows.map((row, at) => [data.value(row, data.x), data.value(row, data.y[0]), at]);
  // Points with a name lie above the others.
  const series = [false, true].flatMap((isNamed) => groups.map((group, place) => ({
    name: group === null ? "" : String(group ?? "none"), type: "scatter", z: isNamed ? 4 : 3, silent: false,
    data: points.filter((point) => Boolean(label(point[2])) === isNamed && (group === null || data.value(data.rows[point[2]], data.group) === group)),
    symbolSize: (point) => (data.size ? 8 + 36 * Math.sqrt(sizes[point[2]] / most) : 7),
    itemStyle: { color: c.series[place % c.series.length], opacity: isNamed ? 0.95 : data.named ? 0.45 : 0.75, borderColor: c.card, borderWidth: 1 },
    label: { show: isNamed, position: "top", color: c.ink, fontWeight: 600, textBorderColor: c.card, textBorderWidth: 3, formatter: (point) => label(point.value[2]) },
    labelLayout: { moveOverlap: "shiftY" },
  }))).filter((one) => one.data.length);
  if (data.corners.length) series.unshift(corners(c, data.corners));
  return { ...frame(c, data), grid: { left: 30, right: 20, top: 36, bottom: 28, containLabel: true }, xAxis: axis(data.x, 26), yAxis: axis(data.y[0], 34),
    tooltip: { ...frame(c, data).tooltip, formatter: (point) => tip(data, data.rows[point.value[2]], data.columns.map((one) => one.name).filter((name) => name !== data.named)) }, series };
}

function corners(c, names) {
  const places = [[0.01, 0.98, "left"], [0.99, 0.98, "right"], [0.01, 0.02, "left"], [0.99, 0.02, "right"]];
  return { type: "scatter", silent: true, symbolSize: 0, z: 1, tooltip: { show: false }, data: places.map(([x, y, align], at) => ({ value: [x, y], label: { show: true, position: "inside", align, color: c.muted, fontSize: 12, formatter: names[at] } })),
    markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: c.muted, type: "dashed", opacity: 0.6 }, data: [{ xAxis: 0.5 }, { yAxis: 0.5 }] } };
}

function interval(c, data) {
  const names = nameAxis(c, data, data.x, { inverse: true, axisLabel: { color: c.muted, width: 150, overflow: "truncate" } }), value = data.column(data.y[0]);
  const line = (params, api) => {
    const low = api.coord([api.value(1), api.value(0)]), high = api.coord([api.value(2), api.value(0)]);
    return { type: "line", shape: { x1: low[0], y1: low[1], x2: high[0], y2: high[1] }, style: { stroke: c.series[0], lineWidth: 3, opacity: 0.45 } };
  };
  return { ...frame(c, data), legend: { show: false }, xAxis: { ...valueAxis(c, value), scale: true }, yAxis: names,
    tooltip: { ...frame(c, data).tooltip, formatter: (point) => tip(data, data.rows[point.dataIndex], [data.x, data.y[0], data.low, data.high]) },
    series: [{ type: "custom", renderItem: line, data: data.rows.map((row, at) => [at, data.value(row, data.low), data.value(row, data.high)]), encode: { x: [1, 2], y: 0 }, silent: true }, { type: "scatter", symbolSize: 11, data: data.values(data.y[0]).map((one, at) => [one, at]), itemStyle: { color: c.series[0] } }] };
}

const KINDS = {
  line: (c, data) => along(c, data, { type: "line", area: false }),
  area: (c, data) => along(c, data, { type: "line", area: true }),
  bar: (c, data) => along(c, data, { type: "bar" }),
  ranking: (c, data) => along(c, data, { type: "bar", horizontal: true }),
  heatmap, calendar, clock, plane, interval,
};

function draw(figure) {
  const box = figure.querySelector(".canvas"), data = new Data(JSON.parse(figure.querySelector("script").textContent));
  const options = KINDS[data.kind](colours(), data, box);
  const chart = echarts.getInstanceByDom(box) || echarts.init(box, null, { renderer: "canvas" });
  chart.resize();
  chart.setOption(options, { notMerge: true });
}

function drawAll(root) {
  for (const figure of root.querySelectorAll("[data-chart]")) draw(figure);
}

const MOST_ROWS = 1000;

// The table behind a chart, made when it is asked for: from the same data, so that pages stay small.
function fillNumbers(details) {
  const figure = document.querySelector(`[data-chart="${CSS.escape(details.dataset.numbers)}"]`);
  const data = JSON.parse(figure.querySelector("script").textContent), table = document.createElement("table");
  const head = table.createTHead().insertRow(), body = table.createTBody();
  for (const column of data.columns) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = column.label;
    cell.className = isNumber(column) ? "n" : "";
    head.append(cell);
  }
  for (const row of data.rows.slice(0, MOST_ROWS)) {
    const line = body.insertRow();
    data.columns.forEach((column, place) => {
      const cell = line.insertCell();
      cell.textContent = shown(column, row[place]);
      cell.className = isNumber(column) ? "n" : "t";
      cell.dir = "auto";
    });
  }
  const frame = document.createElement("div");
  Object.assign(frame, { className: "wide", tabIndex: 0, role: "region", ariaLabel: details.dataset.label });
  frame.append(table);
  details.append(frame);
  if (data.rows.length > MOST_ROWS) {
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = `The first ${MOST_ROWS} of ${data.rows.length.toLocaleString("en")} rows; the CSV file has all.`;
    details.append(note);
  }
}

function isNumber(column) {
  return !["text", "date", "month", "time"].includes(column.kind);
}

document.addEventListener("toggle", (event) => {
  const details = event.target;
  if (details.dataset?.numbers && details.open && !details.querySelector("table")) fillNumbers(details);
}, true);

addEventListener("DOMContentLoaded", () => {
  drawAll(document);
  document.addEventListener("theme", () => drawAll(document));
  document.body.addEventListener("htmx:afterSettle", (event) => drawAll(event.detail.elt));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(document));
  let waiting;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => drawAll(document), 150); });
});
