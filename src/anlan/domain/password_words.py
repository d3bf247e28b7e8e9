"""Words that Chinese passwords are made of, the most usual first, beside those that zxcvbn knows."""

HABITS = (
    "woaini", "5201314", "1314520", "woaini1314", "woaini520", "7758521", "7758258", "aini1314", "520", "1314",
    "5211314", "3344520", "aini", "laopo", "laogong", "baobao", "baobei", "woaiwojia", "wodemima", "mima",
    "mima123", "nihao", "nihao123", "woshishui", "woshini", "wangjimima", "bucuowo", "meiyou", "zhongguo",
    "woaizhongguo", "beijing", "shanghai", "guangzhou", "shenzhen", "chengdu", "chongqing", "tianjin", "hangzhou",
    "wuhan", "nanjing", "xian", "qq123456", "qq123", "qwe123", "asd123", "zxc123", "a123456", "aa123456",
    "abc123456", "123456a", "1qaz2wsx", "q1w2e3r4", "zaq12wsx", "123qwe", "a123456789", "woaini123", "wang123456",
    "zhang123", "li123456", "caonima", "tiantian", "xiaoxiao", "mingming", "xingfu", "kuaile", "pengyou", "fadacai",
    "gongxifacai", "ziyou", "taiyang", "yueliang", "xingxing", "feifei", "lele", "niuniu", "doudou", "maomao",
    "lingling", "yangyang", "longlong", "admin888", "weixin", "taobao", "zhifubao", "alipay", "weibo", "baidu",
    "tencent", "wangyi", "mobaidu", "888", "666", "168", "518", "668", "886", "999", "6868", "8888", "6666", "9999",
    "1688", "147258", "147258369", "159357", "112233", "123321", "321321", "521521", "520520", "100200", "110110",
    "110120", "119120",
)

SURNAMES = (
    "wang", "li", "zhang", "liu", "chen", "yang", "zhao", "huang", "zhou", "wu", "xu", "sun", "hu", "zhu", "gao",
    "lin", "he", "guo", "ma", "luo", "liang", "song", "zheng", "xie", "han", "tang", "feng", "yu", "dong", "xiao",
    "cheng", "cao", "yuan", "deng", "fu", "shen", "zeng", "peng", "lv", "su", "lu", "jiang", "cai", "jia", "ding",
    "wei", "xue", "ye", "yan", "pan", "du", "dai", "xia", "zhong", "tian", "ren", "fan", "fang", "shi", "yao",
    "tan", "liao", "zou", "xiong", "jin", "hao", "kong", "bai", "cui", "kang", "mao", "qiu", "qin", "gu", "hou",
    "shao", "meng", "long", "wan", "duan", "lei", "qian", "yin", "yi", "chang", "qiao", "lai", "gong", "wen",
    "ouyang", "sima", "zhuge",
)

GIVEN = (
    "wei", "fang", "na", "min", "jing", "qiang", "lei", "jun", "yong", "jie", "juan", "tao", "ming", "chao", "xiu",
    "ping", "gang", "gui", "hua", "xin", "ting", "ying", "yu", "bo", "bin", "hui", "jian", "kai", "lan", "liang",
    "ling", "long", "mei", "nan", "ning", "peng", "qing", "rui", "shan", "shuai", "song", "wen", "xia", "xiang",
    "xue", "yan", "yang", "yi", "yuan", "yue", "zhi", "zihan", "zixuan", "haoran", "yuxuan", "mengyao", "xiaoming",
    "xiaohong", "xiaoli", "xiaofang", "jianguo", "guoqiang", "weidong", "haiyan", "lili", "jiajia", "jingjing",
    "yuanyuan",
)
"""Syllables and pairs of them that many given names have."""
