"""What people are told about a weak password, in both languages, by zxcvbn's names of warnings and suggestions."""

Words = dict[str, str]

WARNINGS: dict[str, Words] = {
    "AWordByItselfIsEasyToGuess": {"zh": "单独一个词很容易被猜到。", "en": "A word by itself is easy to guess."},
    "CommonNamesAndSurnamesAreEasyToGuess": {"zh": "常见姓名很容易被猜到。", "en": "Common names are easy to guess."},
    "DatesAreOftenEasyToGuess": {"zh": "日期往往很容易被猜到。", "en": "Dates are often easy to guess."},
    "NamesAndSurnamesByThemselvesAreEasyToGuess": {
        "zh": "单独用姓名很容易被猜到。", "en": "Names by themselves are easy to guess.",
    },
    "RecentYearsAreEasyToGuess": {"zh": "近些年份很容易被猜到。", "en": "Recent years are easy to guess."},
    "RepeatsLikeAaaAreEasyToGuess": {
        "zh": "“aaa”这样的重复很容易被猜到。", "en": "Repeats like “aaa” are easy to guess.",
    },
    "RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess": {
        "zh": "“abcabc”并不比“abc”难猜多少。", "en": "“abcabc” is hardly harder to guess than “abc”.",
    },
    "SequencesLikeAbcAreEasyToGuess": {
        "zh": "“abc”这样的顺序很容易被猜到。", "en": "Sequences like “abc” are easy to guess.",
    },
    "ShortKeyboardPatternsAreEasyToGuess": {
        "zh": "键盘上相邻的几个键很容易被猜到。", "en": "Short keyboard patterns are easy to guess.",
    },
    "StraightRowsOfKeysAreEasyToGuess": {
        "zh": "键盘上的一整排很容易被猜到。", "en": "Rows of keys are easy to guess.",
    },
    "ThisIsACommonPassword": {"zh": "这是很多人都在用的密码。", "en": "Many people use this password."},
    "ThisIsATop100Password": {
        "zh": "这是最常见的一百个密码之一。", "en": "This is one of the hundred most used passwords.",
    },
    "ThisIsATop10Password": {"zh": "这是最常见的十个密码之一。", "en": "This is one of the ten most used passwords."},
    "ThisIsSimilarToACommonlyUsedPassword": {
        "zh": "它和常见的密码很相似。", "en": "It is much like a password that many use.",
    },
}

SUGGESTIONS: dict[str, Words] = {
    "AddAnotherWordOrTwo": {
        "zh": "再加一两个不相干的词。", "en": "Add another word or two that have nothing to do with it.",
    },
    "AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase": {
        "zh": "全部大写并不会更安全。", "en": "All capitals are almost as easy as none.",
    },
    "AvoidDatesAndYearsThatAreAssociatedWithYou": {
        "zh": "避开和您有关的日期与年份。", "en": "Avoid dates and years that have to do with you.",
    },
    "AvoidRecentYears": {"zh": "避开近些年份。", "en": "Avoid recent years."},
    "AvoidRepeatedWordsAndCharacters": {"zh": "避免重复的词和字符。", "en": "Avoid repeated words and characters."},
    "AvoidSequences": {"zh": "避免连续的字母或数字。", "en": "Avoid sequences."},
    "AvoidYearsThatAreAssociatedWithYou": {
        "zh": "避开和您有关的年份。", "en": "Avoid years that have to do with you.",
    },
    "CapitalizationDoesntHelpVeryMuch": {"zh": "首字母大写帮助不大。", "en": "A capital letter hardly helps."},
    "NoNeedForSymbolsDigitsOrUppercaseLetters": {
        "zh": "不必强求符号、数字和大写：够长更要紧。", "en": "Length matters more than symbols, digits or capitals.",
    },
    "PredictableSubstitutionsDontHelpVeryMuch": {
        "zh": "用“@”代替“a”之类的办法帮助不大。", "en": "Writing “@” for “a” hardly helps.",
    },
    "ReversedWordsArentMuchHarderToGuess": {
        "zh": "把词倒过来写并不难猜。", "en": "Reversed words are hardly harder.",
    },
    "UseAFewWordsAvoidCommonPhrases": {
        "zh": "用几个互不相干的词，避开常说的话。", "en": "Use a few words; avoid common phrases.",
    },
    "UseALongerKeyboardPatternWithMoreTurns": {
        "zh": "不要用键盘上的走线。", "en": "Avoid patterns on the keyboard.",
    },
}
