"""Facts that labels and pictures tell of every frame, by name, with what they mean and in which unit. A scene's own
facts come from `facts`."""

KNOWN_LABEL_FACTS = {
    "annotated": "objects of the detector's classes that show at least one pixel",
    "classes": "different classes among the annotated objects",
    "visible_fraction": "least visible fraction of the labelled objects in the image, hidden ones included",
    "truncated_fraction": "greatest share of a labelled object's silhouette that lies outside the image",
    "share": "least share of the image that one annotated object covers: the same at every size, unlike pixels",
    "pixels": "least count of visible pixels of an annotated object, at the painted size",
    "largest": "greatest count of visible pixels of an annotated object, at the painted size",
    "distance": "least distance of an annotated object from the camera, metres",
    "coverage": "share of the image that annotated objects cover",
    "occluded_share": "share of the labelled objects in the image that are less than 90 % visible",
    "crowding": "greatest count of other labelled objects whose boxes overlap one's box",
}
IMAGE_FACTS = {
    "image.brightness": "mean luma of the picture, 0 to 1 (of photographs and painted frames; no plan knows it)",
    "image.contrast": "standard deviation of luma, 0 to 1",
    "image.saturation": "mean of (max - min) / max over pixels, 0 to 1",
    "image.colorfulness": "how colourful the picture looks (Hasler and Süsstrunk 2003), 0 for grey to about 1",
    "image.sharpness": "standard deviation of the Laplacian of luma, 0 to 1",
    "image.warmth": "mean of red minus blue, -1 to 1",
}
OBJECT_FACTS = {
    "share": "share of the image that it covers",
    "pixels": "visible pixels, at the painted size",
    "visible_fraction": "visible share of what lies in the image",
    "truncated_fraction": "share of the silhouette outside the image",
    "distance": "metres from the camera",
    "view_elevation": "degrees above the object's own horizon (its x y plane) from which the camera sees it",
    "view_azimuth": "degrees about the object's own z axis, from its x axis, from which the camera sees it",
}
