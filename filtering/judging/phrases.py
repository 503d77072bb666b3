# ruff: noqa: E501, RUF001 - sentences stay on one line, and marks of other scripts are meant
"""Words that rewrites put around and behind documents, by script.

Not here: which document gets them (`rewrites_of_prose.py`). To add a script, add its phrases to `BY_SCRIPT`.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass

SAMPLE_CHARS = 2000
"""Of the beginning of a text; they tell its script."""


@dataclass(frozen=True)
class Phrases:
    """What a web site says around a document, in the language that a script is used for most.

    Parameters
    ----------
    above, below : str
        Menu and cookie banner; foot of the page.
    tone : str
        A sentence as an encyclopedia begins, which says nothing of its subject.
    teaching : str
        Words that lessons are full of, without a lesson.
    """

    above: str
    below: str
    tone: str
    teaching: str


ENGLISH = Phrases(
    above="Home | News | Products | About us | Contact | Log in\nThis website uses cookies to improve your "
    "experience. By continuing to browse, you agree to our use of cookies. Accept all | Settings",
    below="Share on Facebook | Share on Twitter | Print\nSubscribe to our newsletter\nPrivacy policy | Terms "
    "of use | Sitemap\nAll rights reserved.",
    tone="The following subject is a widely recognized topic that is generally defined by its history, its "
    "main characteristics and its significance.",
    teaching="lesson, definition, theorem, proof, example, exercise, explanation, step by step, students "
    "will learn, learning objectives, key concepts, for instance, therefore, because, in this chapter, "
    "worked example, practice problems, summary, review questions, answer key, curriculum, textbook, "
    "mathematics, physics, biology, chemistry, history, grammar, photosynthesis, equation",
)
BY_SCRIPT = {
    "LATIN": ENGLISH,
    "CYRILLIC": Phrases(
        above="Главная | Новости | Товары | О нас | Контакты | Войти\nЭтот сайт использует файлы cookie. "
        "Продолжая просмотр, вы соглашаетесь с их использованием. Принять | Настройки",
        below="Поделиться | Распечатать\nПодпишитесь на рассылку\nПолитика конфиденциальности | Карта сайта\n"
        "Все права защищены.",
        tone="Данный предмет является широко известной темой, которая обычно определяется своей историей, "
        "основными характеристиками и значением.",
        teaching="урок, определение, теорема, доказательство, пример, упражнение, объяснение, шаг за шагом, "
        "ученики узнают, цели обучения, ключевые понятия, например, следовательно, потому что, в этой "
        "главе, задачи, выводы, контрольные вопросы, ответы, учебник, математика, физика, биология, "
        "химия, история, грамматика, фотосинтез, уравнение",
    ),
    "CJK": Phrases(
        above="首页 | 新闻 | 产品 | 关于我们 | 联系我们 | 登录\n本网站使用Cookie来改善您的体验。继续浏览即表示您同意。"
        "全部接受 | 设置",
        below="分享 | 打印\n订阅我们的通讯\n隐私政策 | 使用条款 | 网站地图\n版权所有。",
        tone="以下主题是一个广为人知的主题,通常由其历史、主要特征和意义来定义。",
        teaching="课程、定义、定理、证明、例题、练习、讲解、逐步、学生将学习、学习目标、关键概念、例如、因此、因为、本章、"
        "练习题、小结、复习题、答案、教科书、数学、物理、生物、化学、历史、语法、光合作用、方程",
    ),
    "HIRAGANA": Phrases(
        above="ホーム | ニュース | 製品 | 会社概要 | お問い合わせ | ログイン\n当サイトではクッキーを使用しています。"
        "閲覧を続けると同意したことになります。すべて許可 | 設定",
        below="シェア | 印刷\nニュースレターを購読する\nプライバシーポリシー | 利用規約 | サイトマップ\n"
        "無断転載を禁じます。",
        tone="以下の主題は広く知られた事柄であり、一般にその歴史、主な特徴、意義によって定義される。",
        teaching="授業、定義、定理、証明、例題、練習問題、解説、一歩ずつ、学習目標、重要な概念、たとえば、したがって、"
        "なぜなら、この章では、まとめ、復習問題、解答、教科書、数学、物理、生物、化学、歴史、文法、光合成、方程式",
    ),
    "HANGUL": Phrases(
        above="홈 | 뉴스 | 제품 | 회사 소개 | 문의 | 로그인\n이 웹사이트는 쿠키를 사용합니다. 계속 이용하시면 쿠키 사용에 "
        "동의하는 것으로 간주됩니다. 모두 수락 | 설정",
        below="공유하기 | 인쇄\n뉴스레터 구독\n개인정보 처리방침 | 이용약관 | 사이트맵\n모든 권리 보유.",
        tone="다음 주제는 널리 알려진 주제로, 일반적으로 그 역사와 주요 특징과 의의에 의해 정의된다.",
        teaching="수업, 정의, 정리, 증명, 예제, 연습 문제, 설명, 단계별로, 학습 목표, 핵심 개념, 예를 들어, 따라서, "
        "왜냐하면, 이 장에서는, 요약, 복습 문제, 정답, 교과서, 수학, 물리, 생물, 화학, 역사, 문법, 광합성, 방정식",
    ),
    "ARABIC": Phrases(
        above="الرئيسية | الأخبار | المنتجات | من نحن | اتصل بنا | تسجيل الدخول\nيستخدم هذا الموقع ملفات تعريف "
        "الارتباط. بمتابعة التصفح فإنك توافق على استخدامها. قبول الكل | الإعدادات",
        below="مشاركة | طباعة\nاشترك في نشرتنا الإخبارية\nسياسة الخصوصية | شروط الاستخدام | خريطة الموقع\n"
        "جميع الحقوق محفوظة.",
        tone="الموضوع التالي موضوع معروف على نطاق واسع، ويُعرَّف عادةً بتاريخه وخصائصه الرئيسية وأهميته.",
        teaching="درس، تعريف، نظرية، برهان، مثال، تمرين، شرح، خطوة بخطوة، أهداف التعلم، مفاهيم أساسية، على سبيل "
        "المثال، لذلك، لأن، في هذا الفصل، ملخص، أسئلة المراجعة، كتاب مدرسي، رياضيات، فيزياء، أحياء، كيمياء، "
        "تاريخ، قواعد، معادلة",
    ),
    "DEVANAGARI": Phrases(
        above="होम | समाचार | उत्पाद | हमारे बारे में | संपर्क | लॉग इन\nयह वेबसाइट कुकीज़ का उपयोग करती है। ब्राउज़ करना "
        "जारी रखकर आप इससे सहमत होते हैं। स्वीकार करें | सेटिंग्स",
        below="साझा करें | प्रिंट\nहमारे न्यूज़लेटर की सदस्यता लें\nगोपनीयता नीति | उपयोग की शर्तें\nसर्वाधिकार सुरक्षित।",
        tone="निम्नलिखित विषय एक व्यापक रूप से ज्ञात विषय है, जो सामान्यतः अपने इतिहास, मुख्य विशेषताओं और महत्व से "
        "परिभाषित होता है।",
        teaching="पाठ, परिभाषा, प्रमेय, प्रमाण, उदाहरण, अभ्यास, व्याख्या, चरण दर चरण, सीखने के उद्देश्य, मुख्य अवधारणाएँ, "
        "इसलिए, क्योंकि, इस अध्याय में, सारांश, प्रश्न, उत्तर, पाठ्यपुस्तक, गणित, भौतिकी, जीव विज्ञान, रसायन, इतिहास, "
        "व्याकरण, समीकरण",
    ),
    "THAI": Phrases(
        above="หน้าแรก | ข่าว | สินค้า | เกี่ยวกับเรา | ติดต่อ | เข้าสู่ระบบ\nเว็บไซต์นี้ใช้คุกกี้ การใช้งานต่อถือว่าคุณยอมรับ ยอมรับทั้งหมด | ตั้งค่า",
        below="แชร์ | พิมพ์\nสมัครรับจดหมายข่าว\nนโยบายความเป็นส่วนตัว | ข้อกำหนดการใช้งาน\nสงวนลิขสิทธิ์",
        tone="หัวข้อต่อไปนี้เป็นหัวข้อที่รู้จักกันอย่างกว้างขวาง โดยทั่วไปนิยามด้วยประวัติ ลักษณะสำคัญ และความสำคัญ",
        teaching="บทเรียน นิยาม ทฤษฎีบท การพิสูจน์ ตัวอย่าง แบบฝึกหัด คำอธิบาย ทีละขั้นตอน จุดประสงค์การเรียนรู้ แนวคิดสำคัญ ดังนั้น เพราะ "
        "ในบทนี้ สรุป คำถามทบทวน เฉลย ตำราเรียน คณิตศาสตร์ ฟิสิกส์ ชีววิทยา เคมี ประวัติศาสตร์ ไวยากรณ์ สมการ",
    ),
    "GREEK": Phrases(
        above="Αρχική | Νέα | Προϊόντα | Σχετικά με εμάς | Επικοινωνία | Σύνδεση\nΑυτός ο ιστότοπος χρησιμοποιεί "
        "cookies. Συνεχίζοντας, συμφωνείτε με τη χρήση τους. Αποδοχή | Ρυθμίσεις",
        below="Κοινοποίηση | Εκτύπωση\nΕγγραφείτε στο ενημερωτικό δελτίο\nΠολιτική απορρήτου | Όροι χρήσης\n"
        "Με την επιφύλαξη παντός δικαιώματος.",
        tone="Το ακόλουθο θέμα είναι ένα ευρέως γνωστό θέμα, που ορίζεται γενικά από την ιστορία του, τα κύρια "
        "χαρακτηριστικά και τη σημασία του.",
        teaching="μάθημα, ορισμός, θεώρημα, απόδειξη, παράδειγμα, άσκηση, εξήγηση, βήμα προς βήμα, μαθησιακοί "
        "στόχοι, βασικές έννοιες, επομένως, επειδή, σε αυτό το κεφάλαιο, περίληψη, ερωτήσεις, απαντήσεις, "
        "μαθηματικά, φυσική, βιολογία, χημεία, ιστορία, γραμματική, φωτοσύνθεση, εξίσωση",
    ),
    "HEBREW": Phrases(
        above="דף הבית | חדשות | מוצרים | אודות | צור קשר | התחברות\nאתר זה משתמש בעוגיות. המשך הגלישה מהווה "
        "הסכמה לשימוש בהן. אישור | הגדרות",
        below="שיתוף | הדפסה\nהירשמו לניוזלטר\nמדיניות פרטיות | תנאי שימוש | מפת האתר\nכל הזכויות שמורות.",
        tone="הנושא הבא הוא נושא מוכר מאוד, המוגדר בדרך כלל על פי ההיסטוריה שלו, מאפייניו העיקריים וחשיבותו.",
        teaching="שיעור, הגדרה, משפט, הוכחה, דוגמה, תרגיל, הסבר, צעד אחר צעד, מטרות למידה, מושגי יסוד, לכן, כי, "
        "בפרק זה, סיכום, שאלות חזרה, תשובות, ספר לימוד, מתמטיקה, פיזיקה, ביולוגיה, כימיה, היסטוריה, דקדוק, משוואה",
    ),
}


def script_of(text: str) -> str:
    """Return the script that most letters of a text are in, by its name in Unicode; empty without letters.

    Japanese is ``HIRAGANA``, Chinese ``CJK``.

    Examples
    --------
    >>> script_of("What is light?"), script_of("Что такое свет?"), script_of("1 + 1")
    ('LATIN', 'CYRILLIC', '')
    """
    letters = Counter(filter(str.isalpha, text[:SAMPLE_CHARS]))
    scripts: Counter[str] = Counter()
    for letter, count in letters.items():
        scripts[unicodedata.name(letter, "").replace("-", " ").partition(" ")[0]] += count
    kana = scripts["HIRAGANA"] + scripts.pop("KATAKANA", 0)
    if kana * 10 > scripts["CJK"]:  # Japanese is written in all three
        scripts["HIRAGANA"] = kana + scripts.pop("CJK", 0)
    return max(scripts, key=scripts.__getitem__) if scripts.total() else ""


def phrases_for(text: str) -> Phrases:
    """Return phrases in the script of a text; English ones where there are none, as sites of all tongues do."""
    return BY_SCRIPT.get(script_of(text), ENGLISH)
