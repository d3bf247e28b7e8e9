"""For any platform with a web server: receives Anlan's signed messages and does what they ask."""
