// What says more about a column stands beside the button that sorts by it, not within.
parts.push(["thead button > .help", help => { help.closest("th").append(help); }]);
