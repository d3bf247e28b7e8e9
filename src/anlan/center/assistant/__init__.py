"""The assistant that members consult: it reads, weighs by the scenario base, answers, and calls a person."""
